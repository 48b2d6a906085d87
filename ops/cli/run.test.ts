import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli, cliEnvironment } from '../../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { startSimulator } from '../../test/support/simulator';

let db: TestDatabase;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let environment: Record<string, string>;
beforeAll(async () => {
  db = await createTestDatabase();
  simulator = await startSimulator();
  environment = cliEnvironment(db.url, simulator.url, { id: 'k1', secret: randomBytes(32) });
});
afterAll(async () => {
  await simulator.stop();
  await db.drop();
});

describe('the command', () => {
  it('explains itself on stdout when it is asked to', async () => {
    const { exitCode, out, err } = await cli({}, ['--help']);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toContain('Exit codes:');
    expect(out).toContain('auth');
  });

  it.each([
    ['no command', []],
    ['a group without a command', ['auth']],
    ['an unknown command', ['oath']],
    ['an unknown option', ['auth', 'status', '--jsno']],
    ['an id that is none', ['events', 'show', '1x']],
    ['an id that is none, of several', ['events', 'replay', '1', 'x']],
    ['an id that is none, where there may be none', ['events', 'quarantine', 'abc']],
    ['neither of two options', ['phone', 'normalize']],
  ])('called wrongly (%s) exits 2, and says on stderr how it is called', async (_, args) => {
    const { exitCode, out, err } = await cli({}, args);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toMatch(/Usage|--help/);
  });

  it.each([
    ['closes no chat', ['sessions', 'close', '--phone', '+14155551234', '--location', 'l-1']],
    ['disables no webhook', ['webhook', 'disable', 'w-1']],
    ['deletes no webhook', ['webhook', 'delete', 'w-1']],
  ])('%s without --yes: it exits 2 and says so', async (_, args) => {
    const { exitCode, out, err } = await cli(environment, args);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain("required option '--yes'");
  });

  it('tells a script on stdout what is wrong, as the API does', async () => {
    for (const args of [['oath'], ['events', 'show', '1x'], ['phone', 'normalize']]) {
      const { exitCode, out } = await cli({}, [...args, '--json']);
      expect({ exitCode, ...JSON.parse(out) }).toMatchObject({
        ...{ exitCode: 2, error: { code: 'ERR_OPS_USAGE', hint: expect.stringContaining('--help') } },
      });
    }
    const unconfigured = await cli({}, ['locations', 'list', '--json']);
    expect(JSON.parse(unconfigured.out)).toMatchObject({ error: { code: 'ERR_HTTP_NOT_CONFIGURED' } });
  });

  it.each([
    ['--url', {}, ['--url', '', 'locations', 'list']],
    ['PODIUM_WEBCHAT_URL', { PODIUM_WEBCHAT_URL: '' }, ['locations', 'list']],
  ])('with an empty %s does not work on another system instead', async (_, env, args) => {
    const { exitCode, out, err } = await cli({ ...environment, ...env }, args);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain('It should be as https://webchat.example.com');
  });

  it('says who acts: as declared, else as the user is called, else by the number', async () => {
    const pausedBy = async (env = {}) => {
      const { out } = await cli({ ...environment, ...env }, ['robot', 'pause']);
      await cli(environment, ['robot', 'resume']);
      return /by (.*)\.\n/.exec(out)?.[1];
    };
    expect(await pausedBy({ WEBCHAT_ACTOR: 'lee' })).toBe('lee');
    expect(await pausedBy()).toBe(os.userInfo().username);
    const nameless = jest.spyOn(os, 'userInfo').mockImplementation(() => {
      throw new Error('uv_os_get_passwd returned ENOENT'); // as in a container with a user of its own
    });
    expect(await pausedBy()).toBe(`uid ${process.getuid?.()}`);
    nameless.mockRestore();
  });

  it('names all that is missing in the configuration at once, and exits 2', async () => {
    const { exitCode, out, err } = await cli({ PODIUM_API_URL: 'nonsense' }, ['auth', 'status']);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    for (const name of ['DATABASE_URL', 'PODIUM_CLIENT_ID', 'PODIUM_API_URL', 'WEBCHAT_ENCRYPTION_KEYS'])
      expect(err).toContain(name);
    expect(err).toContain('npm start');
  });

  it('says what is wrong with LOG_LEVEL, and exits 2', async () => {
    const { exitCode, out, err } = await cli({ ...environment, LOG_LEVEL: 'bogus' }, ['auth', 'status']);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain('LOG_LEVEL');
  });

  it('tells what is away, and exits 2', async () => {
    const nobody = { ...environment, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' };
    const { exitCode, out, err } = await cli(nobody, ['auth', 'status']);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain('ECONNREFUSED');
  });

  it('prints data with --json, before the command or behind it, and a sentence without', async () => {
    for (const args of [
      ['--json', 'auth', 'status'],
      ['auth', 'status', '--json'],
    ])
      expect(JSON.parse((await cli(environment, args)).out)).toMatchObject({ works: true });
    expect((await cli(environment, ['auth', 'status'])).out).toContain('Access to Podium works');
  });
});

describe('without a database in the environment', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'podium-webchat-cli-'));
    mkdirSync(join(folder, '.data'));
    writeFileSync(join(folder, '.data/runtime.json'), JSON.stringify({ environment }));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('the system that runs in this folder is asked', async () => {
    expect((await cli({}, ['auth', 'status'], { directory: folder })).exitCode).toBe(0);
    expect((await cli({ DATABASE_URL: db.url }, ['auth', 'status'], { directory: folder })).exitCode).toBe(0);
  });

  it('and with another one, it is not', async () => {
    const other = { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' };
    const { exitCode, err } = await cli(other, ['auth', 'status'], { directory: folder });
    expect(exitCode).toBe(2);
    expect(err).toContain('PODIUM_CLIENT_ID');
  });
});
