import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../config/load';
import { writeLocalSettings } from './local-settings';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'settings-'))));
afterEach(() => rmSync(directory, { recursive: true }));

function local(own: string | null) {
  const [from, to] = [join(directory, 'own.yaml'), join(directory, 'settings.yaml')];
  if (own !== null) writeFileSync(from, own);
  writeLocalSettings(own === null ? null : from, '/data/files', to);
  return loadSettings(to);
}

test('files are kept beside the other data of the machine', () => {
  expect(local(null).attachments.store).toEqual({ kind: 'folder', path: '/data/files' });
  const { attachments, session } = local('{ attachments: { link_seconds: 60 }, session: { start_on: any } }');
  expect(attachments).toMatchObject({ link_seconds: 60, store: { path: '/data/files' } });
  expect(session.start_on).toBe('any');
});

test('a place of their own stays theirs', () => {
  const own = 'attachments: { store: { kind: s3, bucket: chats } }';
  expect(local(own).attachments.store).toEqual({ kind: 's3', bucket: 'chats' });
});
