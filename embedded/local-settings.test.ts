import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../config/load';
import { writeLocalSettings } from './local-settings';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'settings-'))));
afterEach(() => rmSync(directory, { recursive: true }));

function local(own: string | null, { fast = false } = {}) {
  const [from, to] = [join(directory, 'own.yaml'), join(directory, 'settings.yaml')];
  if (own !== null) writeFileSync(from, own);
  writeLocalSettings(own === null ? null : from, { filesFolder: '/data/files', fast }, to);
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

test('with a minute that lasts a second, all that is waited for is divided, and the rest of a part stays', () => {
  const { session, reconciliation, webhook } = local('session: { start_on: any, idle_warn_seconds: 600 }', {
    fast: true,
  });
  expect(session).toMatchObject({ start_on: 'any', idle_warn_seconds: 10, idle_close_seconds: 28 });
  expect(reconciliation.interval_seconds).toBe(local(null).reconciliation.interval_seconds / 60);
  expect(webhook.replay_window_seconds).toBe(local(null).webhook.replay_window_seconds);
});
