import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, loadConfiguration, loadEnvironment, loadSettings, withFiles } from './load';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'configuration-'))));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function problemsOf(load: () => unknown): readonly string[] {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

test('without a file of their own everybody has the shipped settings', () => {
  expect(loadSettings().session.idle_warn_seconds).toBe(1200);
});

test('an own file is laid over them', () => {
  const path = file('own.yaml', 'session: { idle_warn_seconds: 60 }\n');
  expect(loadSettings(path).session).toMatchObject({ idle_warn_seconds: 60, idle_close_seconds: 1680 });
});

test('an empty own file changes nothing', () => {
  expect(loadSettings(file('empty.yaml', '# nothing\n'))).toEqual(loadSettings());
});

test('problems of a settings file name the file', () => {
  const wrong = file('wrong.yaml', 'sesion: {}\n');
  expect(problemsOf(() => loadSettings(wrong))).toEqual([`${wrong}: sesion: no such setting`]);
  expect(problemsOf(() => loadSettings(file('broken.yaml', 'a: [')))).toEqual([
    expect.stringContaining('could not be read as YAML'),
  ]);
  expect(problemsOf(() => loadSettings(join(directory, 'none.yaml')))).toHaveLength(1);
});

test('a variable may be given as a file', () => {
  const env = { PODIUM_CLIENT_SECRET_FILE: file('secret', 'from-a-file\n') };
  expect(loadEnvironment(['podiumClientSecret'], env)).toEqual({ podiumClientSecret: 'from-a-file' });
  expect(loadEnvironment(['podiumClientSecret'], { ...env, PODIUM_CLIENT_SECRET: 'direct' })).toEqual({
    podiumClientSecret: 'direct',
  });
});

test("Temporal's own reader gets its key from a file too", () => {
  expect(withFiles({ TEMPORAL_API_KEY_FILE: file('key', 'a-key\n'), HOME: '/root' })).toMatchObject({
    TEMPORAL_API_KEY: 'a-key',
    HOME: '/root',
  });
});

test('a file that is not there is told by the name of its variable', () => {
  expect(problemsOf(() => withFiles({ OPS_TOKENS_FILE: join(directory, 'none') }))).toEqual([
    'OPS_TOKENS_FILE names a file that could not be read (ENOENT).',
  ]);
});

test('environment and settings are told to be wrong at once, and nothing twice', () => {
  const env = { WEBCHAT_SETTINGS: file('also-wrong.yaml', 'sesion: {}\n'), PORT: 'eighty' };
  expect(problemsOf(() => loadConfiguration(['databaseUrl', 'port'], env))).toEqual([
    expect.stringMatching(/^DATABASE_URL is missing/),
    expect.stringMatching(/^PORT is wrong/),
    expect.stringMatching(/sesion: no such setting$/),
  ]);
  const unreadable = { PORT_FILE: join(directory, 'none') };
  expect(problemsOf(() => loadConfiguration(['port'], unreadable))).toHaveLength(1);
});
