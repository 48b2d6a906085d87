import { fileProblem, shownSize } from './file-checks';

const LIMITS = { max_file_bytes: 26_214_400, file_types: ['image/png', 'image/heic', 'audio/x-m4a'] };
const file = (size: number, type = 'image/png', name = 'a.png') => ({ name, size, type });

test.each([
  ['of exactly the limit', file(26_214_400), null],
  ['of one byte more', file(26_214_401), 'file_too_large'],
  ['that is empty', file(0), 'file_empty'],
  ['of a type that is not taken', file(1, 'text/html', 'a.html'), 'file_wrong_type'],
  ['of no type that is known', file(1, '', 'a.exe'), 'file_wrong_type'],
  ['without any name to tell by', file(1, '', ''), 'file_wrong_type'],
  ['told by its ending', file(1, '', 'IMG_0001.HEIC'), null],
  ['under another name of its type', file(1, 'audio/mp4', 'a.m4a'), null],
  ['too large and of a wrong type', file(26_214_401, 'text/html'), 'file_too_large'],
])('a file %s', (_, chosen, problem) => {
  expect(fileProblem(chosen, LIMITS)).toBe(problem);
});

test('a size is shown in whole units, and what is above the limit does not look like it', () => {
  expect(shownSize(26_214_400, 'en')).toBe('25 MB');
  expect(shownSize(26_214_401, 'en')).toBe('25.1 MB');
  expect(shownSize(1, 'en')).toBe('1 byte');
  expect(shownSize(120_000, 'en')).toBe('117.2 kB');
  expect(shownSize(26_214_401, 'fr')).toMatch(/^25,1\sMo$/);
});
