import { stemOf } from './file-name';

test.each([
  ['Front wheel.jpg', 'Front wheel'],
  ['photo.png.exe', 'photo-png'],
  ['../../etc/passwd', 'etc-passwd'],
  ['C:\\Users\\jane\\car.png', 'C-Users-jane-car'],
  ['.htaccess', 'file'],
  ['"; rm -rf /; ".png', 'rm -rf'],
  ['line\r\nSet-Cookie: a=b.png', 'line Set-Cookie- a-b'],
  ['invoice\u202Egnp.exe', 'invoicegnp'],
  ['Größe 大小.pdf', 'Größe 大小'],
  ['<script>.svg', 'script'],
  ['', 'file'],
  ['   ', 'file'],
  ['...', 'file'],
  [null, 'file'],
])('of the name %j stays %j', (name, stem) => {
  expect(stemOf(name)).toBe(stem);
});

test('a long name is cut, and no character in two', () => {
  expect(stemOf(`${'𠮷'.repeat(500)}.png`)).toBe('𠮷'.repeat(80));
});
