import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import type { EncryptionKey } from '../../core/encryption';
import { storedTokens } from '../../store/podium-tokens';
import { useKeys } from '../../store/used-keys';
import { cli, cliEnvironment, type CliSurroundings } from '../../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { credentials, startSimulator } from '../../test/support/simulator';

let db: TestDatabase;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let environment: Record<string, string>;
let keys: EncryptionKey[];
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  simulator = await startSimulator();
  keys = [{ id: 'k1', secret: randomBytes(32) }];
  environment = cliEnvironment(db.url, simulator.url, keys[0]!);
});
afterEach(async () => {
  await simulator.stop();
  await db.pool.query('truncate podium_tokens');
});

const status = async () => {
  const { exitCode, out, err } = await cli(environment, ['auth', 'status', '--json']);
  return { exitCode, report: out && JSON.parse(out), err };
};

describe('auth status', () => {
  it('says that access works, from when to when, and what nobody can know', async () => {
    const { exitCode, report } = await status();
    expect({ exitCode, report }).toEqual({
      exitCode: 0,
      report: {
        ...{ works: true, reason: null, refused_since: null, contract: 'published' },
        refresh_token: { source: 'environment', since: null, age_seconds: null },
        access_token: { expires_at: expect.any(String), expires_in_seconds: expect.any(Number) },
        scopes: {
          granted: ['read_messages', 'read_contacts', 'read_locations'],
          missing: [],
          unknown: ['write_messages', 'write_contacts'],
        },
      },
    });
    expect(report.access_token.expires_in_seconds).toBeGreaterThan(35_900);
  });

  it('tells the age of a refresh token that Podium gave', async () => {
    await simulator.set({ rotate_refresh_tokens: true });
    const { report } = await status();
    expect(report.refresh_token).toEqual({
      ...{ source: 'database', since: expect.any(String), age_seconds: expect.any(Number) },
    });
    expect((await simulator.tokens()).grants.refresh_token).toBe(1);
    await status();
    expect((await simulator.tokens()).grants.refresh_token).toBe(1); // it looks, and uses nothing up
  });

  it.each([true, false])('names missing scopes and exits 1 (Podium tells them: %s)', async (told) => {
    await simulator.set({ scopes_told: told, granted_scopes: ['read_locations', 'write_messages'] });
    const { exitCode, report } = await status();
    expect(exitCode).toBe(1);
    expect(report.works).toBe(true);
    expect(report.scopes).toEqual(
      told
        ? {
            granted: ['write_messages', 'read_locations'],
            missing: ['read_messages', 'read_contacts', 'write_contacts'],
            unknown: [],
          }
        : {
            granted: ['read_locations'],
            missing: ['read_messages', 'read_contacts'],
            unknown: ['write_messages', 'write_contacts'],
          },
    );
  });

  it('works, although Podium does not like what was asked about, or does not show the webhooks', async () => {
    await simulator.fault({ path: '/v4/contacts', status: 400, body: { code: 'invalid_request_values' } });
    await simulator.fault({ path: '/v4/webhooks', status: 403, body: { code: 'unauthorized' } });
    const { exitCode, report } = await status();
    expect({ exitCode, report }).toMatchObject({
      exitCode: 0,
      report: {
        works: true,
        scopes: {
          granted: ['read_messages', 'read_locations'],
          missing: [],
          unknown: ['write_messages', 'read_contacts', 'write_contacts'],
        },
      },
    });
  });

  it('says since when access is refused, and exits 1', async () => {
    await simulator.revokeAccess();
    const { exitCode, report } = await status();
    expect({ exitCode, report }).toMatchObject({
      exitCode: 1,
      report: {
        works: false,
        refused_since: expect.any(String),
        reason: expect.stringContaining('auth login'),
      },
    });
    const text = (await cli(environment, ['auth', 'status'])).out;
    expect(text).toContain('Refused since');
    expect((await simulator.tokens()).grants.refused).toBe(1); // the second look asks nobody
  });

  it('exits 2 when Podium is away, and says so', async () => {
    await simulator.fault({ path: '/v4/webhooks', status: 500 });
    expect(await status()).toMatchObject({
      exitCode: 2,
      report: { works: null, reason: expect.any(String) },
    });
  });

  it('prints no token', async () => {
    await simulator.set({ rotate_refresh_tokens: true });
    const { out, err } = await cli({ ...environment, LOG_LEVEL: 'trace' }, ['auth', 'status']);
    for (const secret of await secrets()) expect(out + err).not.toContain(secret);
  });
});

/** What nobody is to see. */
async function secrets(): Promise<string[]> {
  const { refreshToken, access } = await storedTokens(db.pool, keys).load();
  return [refreshToken!, access!.token, credentials.clientSecret];
}

describe('auth login', () => {
  /** Runs the login, and does this with the address that it shows. */
  const login = async (
    browser: (page: string) => Promise<unknown>,
    args: string[] = [],
    surroundings: CliSurroundings = {},
  ) => {
    let browsing: Promise<unknown> | undefined;
    const result = await cli(environment, ['auth', 'login', '--no-open', '--port', '0', ...args, '--json'], {
      ...surroundings,
      onErr: (err) => {
        const page = /^ {2}(http\S+)$/m.exec(err)?.[1];
        if (page) browsing ??= browser(page);
      },
    });
    await browsing;
    return result;
  };
  const agree = (page: string) => fetch(page);

  it('stores nothing by another key than the database was used with, and opens no page', async () => {
    const other = [{ id: 'k1', secret: randomBytes(32) }];
    const idKeys = ['an-id-key-of-some-length'];
    const later = { onForeign: () => undefined, signal: new AbortController().signal };
    await useKeys(db.pool, { idKeys, encryptionKeys: other, suppressionKeys: [] }, later);
    const { exitCode, out, err } = await login(agree);
    await db.pool.query('truncate used_keys');
    expect(exitCode).toBe(2);
    expect(out).toContain('with which this database was used');
    expect(err).not.toContain('Open this page');
  });

  it('stands in the audit with who did it', async () => {
    await db.pool.query('truncate audit_entries');
    expect((await login(agree)).exitCode).toBe(0);
    const { rows } = await db.pool.query('select kind, details from audit_entries');
    expect(rows).toEqual([{ kind: 'access_authorized', details: { actor: userInfo().username } }]);
  });

  it('brings access back that was revoked, for every process, and prints no token', async () => {
    await simulator.revokeAccess();
    expect((await status()).exitCode).toBe(1);
    const { exitCode, out, err } = await login(agree);
    expect({ exitCode, answer: JSON.parse(out) }).toMatchObject({
      exitCode: 0,
      answer: { authorized: true },
    });
    expect(err).toContain('http://127.0.0.1:');
    for (const secret of await secrets()) expect(out + err).not.toContain(secret);
    expect((await status()).report).toMatchObject({ works: true, refresh_token: { source: 'database' } });
    expect((await simulator.tokens()).grants).toMatchObject({ authorization_code: 1, refresh_token: 0 });
  });

  it('asks for every scope that is needed, and for nothing more', async () => {
    let asked: string[] = [];
    await login((page) => {
      asked = new URL(page).searchParams.get('scope')!.split(' ');
      return agree(page);
    });
    expect(asked.sort()).toEqual([
      'read_contacts',
      'read_locations',
      'read_messages',
      'write_contacts',
      'write_messages',
    ]);
  });

  it('takes the answer to its own question only, and one of them', async () => {
    const answers: number[] = [];
    const { exitCode } = await login(async (page) => {
      const back = new URL(new URL(page).searchParams.get('redirect_uri')!);
      for (const query of ['', '?code=stolen', '?code=stolen&state=guessed', '?error=access_denied'])
        answers.push((await fetch(new URL(query, back))).status);
      answers.push((await fetch(page)).status);
    });
    expect({ exitCode, answers }).toEqual({ exitCode: 0, answers: [404, 404, 404, 404, 200] });
  });

  it('says that the user did not agree, and exits 1', async () => {
    await simulator.set({ authorization_denied: true });
    const { exitCode, out } = await login(agree);
    expect({ exitCode, answer: JSON.parse(out) }).toEqual({
      exitCode: 1,
      answer: { authorized: false, reason: 'denied' },
    });
  });

  it('does not wait for ever, and exits 2', async () => {
    const { exitCode, out } = await login(() => Promise.resolve(), ['--timeout', '0']);
    expect({ exitCode, answer: JSON.parse(out) }).toEqual({
      exitCode: 2,
      answer: { authorized: false, reason: 'timeout' },
    });
  });

  it('takes the address from who pastes it, where the browser goes elsewhere', async () => {
    const { promise, paste } = later();
    const elsewhere = 'https://shop.example.com/callback';
    const { exitCode } = await login(
      async (page) => {
        const answer = await fetch(page, { redirect: 'manual' });
        expect(answer.headers.get('location')).toContain(elsewhere);
        paste(answer.headers.get('location')!);
      },
      ['--redirect-uri', elsewhere],
      { lines: pastedLines(promise) },
    );
    expect(exitCode).toBe(0);
  });

  it('says what is wrong when Podium does not take the code, and exits 2', async () => {
    await simulator.fault({ path: '/oauth/token', status: 400, body: { error: 'invalid_grant' } });
    const { exitCode, out } = await login(agree);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: expect.stringContaining('(invalid_grant)') });
  });

  it('asks nobody to agree while the database is away', async () => {
    const env = { ...environment, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' };
    const { exitCode, err } = await cli(env, ['auth', 'login', '--no-open', '--port', '0']);
    expect(exitCode).toBe(2);
    expect(err).not.toContain('authorize?');
  });
});

function later(): { promise: Promise<string>; paste: (address: string) => void } {
  let paste: (address: string) => void = () => undefined;
  const promise = new Promise<string>((resolve) => (paste = resolve));
  return { promise, paste: (address) => paste(address) };
}

async function* pastedLines(address: Promise<string>): AsyncGenerator<string> {
  yield 'what is this?';
  yield await address;
}
