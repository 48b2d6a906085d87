import { randomBytes } from 'node:crypto';
import { WANTED_EVENT_TYPES } from '../../core/webhooks';
import { secretFingerprint } from '../../core/webhook-secrets';
import { lastWebhookCheck, serverRuns } from '../../store/webhooks';
import { cli, cliEnvironment } from '../../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { podiumCaller } from '../../test/support/podium-caller';
import { startReceiver } from '../../test/support/receiver';
import { ARCHIVED, BAYVIEW, NORTHSIDE, startSimulator } from '../../test/support/simulator';

const ORGANIZATION = '1f000000-0000-4000-8000-000000000001';
const UNKNOWN = '9e000000-0000-4000-8000-00000000ffff';
const PUBLIC_URL = 'https://webchat.example.com';
const OURS = `${PUBLIC_URL}/webhooks/podium`;
const [SECRET, OLD_SECRET] = ['the-new-secret', 'the-old-secret'];

let db: TestDatabase;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let environment: Record<string, string>;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  simulator = await startSimulator();
  await server(1, SECRET, OLD_SECRET);
  environment = {
    ...cliEnvironment(db.url, simulator.url, { id: 'k1', secret: randomBytes(32) }),
    PODIUM_WEBHOOK_SECRETS: `${SECRET},${OLD_SECRET}`,
    PUBLIC_URL,
  };
});
afterEach(async () => {
  await simulator.stop();
  await db.pool.query(
    'truncate podium_tokens, webhook_secrets, running_servers, webhook_checks, audit_entries',
  );
});

/** A server that runs and takes these secrets. */
const server = (n: number, ...secrets: string[]) =>
  serverRuns(
    db.pool,
    { id: `00000000-0000-4000-8000-00000000000${n}`, secrets: secrets.map(secretFingerprint) },
    new Map(),
  );
/** A command under `webhook`, with what it answered as data. */
async function webhook(...args: string[]) {
  const { exitCode, out, err } = await cli(environment, ['webhook', ...args, '--json']);
  for (const said of [out, err]) expect(said).not.toMatch(/the-(new|old)-secret/);
  return { exitCode, data: out === '' ? null : JSON.parse(out), err };
}
const register = async (...owner: string[]) => (await webhook('register', ...owner)).data;
const codes = async () => {
  const { data } = await webhook('doctor');
  return (data.findings as { severity: string; code: string }[]).map(
    ({ severity, code }) => `${severity} ${code}`,
  );
};
/** What somebody does to a webhook at Podium by other means. */
async function atPodiumDirectly(method: 'POST' | 'PUT', fields: object, uid = ''): Promise<string> {
  const podium = await podiumCaller(simulator.url);
  const { status, body } = await podium(method, `/v4/webhooks/${uid}`.replace(/\/$/, ''), fields);
  expect(status).toBe(200);
  return body.data.uid as string;
}
const atPodium = async () => (await simulator.state()).webhooks;

describe('register', () => {
  it.each([
    ['--location', NORTHSIDE, { location_uid: NORTHSIDE, organization_uid: null }],
    ['--organization', ORGANIZATION, { location_uid: null, organization_uid: ORGANIZATION }],
  ])(
    'makes a webhook for one %s, with our address, our event types and our first secret',
    async (option, uid, owner) => {
      const { exitCode, data } = await webhook('register', option, uid);
      expect(exitCode).toBe(0);
      expect(data).toMatchObject({
        ...{ of: 'us', url: OURS, disabled: false, event_types: WANTED_EVENT_TYPES },
        ...owner,
      });
      const made = (await simulator.calls()).find(
        ({ method, path }) => method === 'POST' && path === '/v4/webhooks',
      );
      expect(made!.body).toMatchObject({ url: OURS, secret: expect.anything() });
      expect(await webhook('show', data.uid)).toMatchObject({ exitCode: 0, data: { uid: data.uid } });
    },
  );

  it('wants exactly one owner', async () => {
    for (const args of [[], ['--location', NORTHSIDE, '--organization', ORGANIZATION]]) {
      expect(await webhook('register', ...args)).toMatchObject({
        ...{ exitCode: 2, data: { error: { hint: expect.stringContaining('exactly one') } } },
      });
    }
  });

  it.each([
    ['a location that Podium does not show us', '--location', UNKNOWN],
    ['an archived one', '--location', ARCHIVED],
    ['an organization that none of them belongs to', '--organization', UNKNOWN],
  ])('refuses %s', async (_, option, uid) => {
    const { exitCode, data } = await webhook('register', option, uid);
    expect(exitCode).toBe(1);
    expect(data.error.message).toContain(option === '--location' ? 'location' : 'organization');
    expect(await atPodium()).toEqual([]);
  });

  it('refuses a second one of the same owner', async () => {
    await register('--location', NORTHSIDE);
    expect(await webhook('register', '--location', NORTHSIDE)).toMatchObject({ exitCode: 1 });
    expect(await webhook('register', '--location', BAYVIEW)).toMatchObject({ exitCode: 0 });
    expect(await atPodium()).toHaveLength(2);
  });

  it.each([
    ['as Podium has told with the token', true, 'read_contacts'],
    ['as Podium says only now', false, 'scope'],
  ])('refuses what lacks a scope, %s, and changes nothing', async (_, scopes_told, words) => {
    const { uid } = await register('--location', BAYVIEW);
    await db.pool.query('truncate podium_tokens');
    await simulator.set({ scopes_told, granted_scopes: ['read_messages', 'read_locations'] });
    for (const command of [
      ['register', '--location', NORTHSIDE],
      ['update', uid],
    ]) {
      const { exitCode, data } = await webhook(...command);
      expect(exitCode).toBe(1);
      expect(data.error.message).toContain(words);
      expect(data.error.message).toContain('auth login');
    }
    expect(await atPodium()).toHaveLength(1);
    expect(await codes()).toContain('problem scopes_missing');
  });

  it('cannot tell which secret and which address without them', async () => {
    for (const name of ['PODIUM_WEBHOOK_SECRETS', 'PUBLIC_URL']) {
      const { [name]: _, ...without } = environment;
      const { exitCode, err } = await cli(without, ['webhook', 'register', '--location', NORTHSIDE]);
      expect(exitCode).toBe(2);
      expect(err).toContain(name);
    }
  });

  it('refuses a secret that one of the running servers would refuse', async () => {
    await server(1, OLD_SECRET);
    await server(2, SECRET, OLD_SECRET);
    const refused = await webhook('register', '--location', NORTHSIDE);
    expect(refused).toMatchObject({
      exitCode: 1,
      data: { error: { message: expect.stringContaining('1 of 2 running servers') } },
    });
    expect(await atPodium()).toEqual([]);

    await server(1, SECRET, OLD_SECRET);
    expect(await webhook('register', '--location', NORTHSIDE)).toMatchObject({ exitCode: 0 });
  });

  it('refuses while no server runs: none has said that it takes the secret', async () => {
    const { uid } = await register('--location', BAYVIEW);
    await db.pool.query('truncate running_servers');
    for (const command of [
      ['register', '--location', NORTHSIDE],
      ['update', uid],
    ])
      expect(await webhook(...command)).toMatchObject({
        ...{ exitCode: 1, data: { error: { message: expect.stringContaining('No server runs') } } },
      });
    expect(await atPodium()).toHaveLength(1);
    expect(await codes()).toContain('problem no_server_runs');
  });
});

describe('doctor', () => {
  it('finds nothing wrong with one webhook for the organization, and exits 0', async () => {
    await register('--organization', ORGANIZATION);
    expect(await webhook('doctor')).toMatchObject({ exitCode: 0, data: { fine: true, findings: [] } });
  });

  it('misses a webhook, and what it says mends it', async () => {
    const { exitCode, data } = await webhook('doctor');
    expect(exitCode).toBe(1);
    expect(data.findings).toMatchObject([{ code: 'missing', value: OURS }]);
    const [program, ...command] = data.findings[0].mend.split(' ');
    expect(program).toBe('podium-webchat');
    expect(await cli(environment, command)).toMatchObject({ exitCode: 0 });
    expect(await webhook('doctor')).toMatchObject({ exitCode: 0 });
  });

  it('has every fault of a webhook mended by what it says', async () => {
    const { uid } = await register('--organization', ORGANIZATION);
    for (const fault of [{ disabled: true }, { eventTypes: ['message.received'] }]) {
      await atPodiumDirectly('PUT', fault, uid);
      const { exitCode, data } = await webhook('doctor');
      expect(exitCode).toBe(1);
      const [mend] = (data.findings as { mend: string; value: string }[]).filter(({ mend: command }) =>
        command.includes(uid),
      );
      expect(await cli(environment, mend!.mend.split(' ').slice(1))).toMatchObject({ exitCode: 0 });
      expect(await codes()).toEqual([]);
    }
  });

  it('has one that posts to another address taken over only when that is meant', async () => {
    const { uid } = await register('--organization', ORGANIZATION);
    const elsewhere = 'https://staging.example.com/webhooks/podium';
    await atPodiumDirectly('PUT', { url: elsewhere }, uid);
    const { data } = await webhook('doctor');
    expect(data.findings).toMatchObject([
      { code: 'missing', severity: 'problem' },
      { code: 'other_url', severity: 'remark' },
    ]);

    expect(await webhook('update', uid)).toMatchObject({
      exitCode: 1,
      data: { error: { message: expect.stringContaining('--take-over') } },
    });
    expect(await webhook('update', '--take-over')).toMatchObject({ exitCode: 1 });
    expect(await atPodium()).toMatchObject([{ url: elsewhere }]);
    const [, command] = data.findings[1].mend.split('podium-webchat ');
    expect(await cli(environment, command.split(' '))).toMatchObject({ exitCode: 0 });
    expect(await codes()).toEqual([]);
  });

  it('says that nothing is wrong before what is only worth a remark: it is no leave to take an old secret out', async () => {
    await register('--organization', ORGANIZATION);
    expect((await cli(environment, ['webhook', 'doctor'])).out).toBe('Nothing is wrong with the webhook.\n');
    await db.pool.query('update webhook_secrets set last_used_at = now()');
    const { exitCode, out } = await cli(environment, ['webhook', 'doctor']);
    expect(exitCode).toBe(0);
    expect(out).toMatch(
      /^Nothing is wrong with the webhook, but:\nremark  The secret at place 2 .+, so leave it in place until \d{4}-\d\d-\d\d\.\n$/,
    );
  });

  it('names the stores that no webhook covers; archived ones need none', async () => {
    await register('--location', NORTHSIDE);
    const { data } = await webhook('doctor');
    const uncovered = data.findings.map(({ value }: { value: string }) => value);
    expect(uncovered).toHaveLength(12);
    expect(uncovered).toContain(BAYVIEW);
    expect(uncovered).not.toContain(ARCHIVED);
  });

  it("leaves another application's webhook alone, and so does every command", async () => {
    await register('--organization', ORGANIZATION);
    const foreign = await atPodiumDirectly('POST', {
      ...{ url: 'https://crm.example.com/hook', locationUid: NORTHSIDE, eventTypes: ['contact.created'] },
    });
    await simulator.disableWebhook(foreign);
    expect(await codes()).toEqual([]);
    for (const command of [['update', '--take-over'], ['enable'], ['disable', '--yes'], ['delete', '--yes']])
      expect(await webhook(...command, foreign)).toMatchObject({
        exitCode: 1,
        data: { error: { message: expect.stringContaining('another') } },
      });
    expect((await webhook('list')).data).toMatchObject({
      webhooks: [{ of: 'us' }, { uid: foreign, of: 'others', disabled: true }],
    });
  });

  it('knows by a secret that Podium tells whether our servers take it', async () => {
    const { uid } = await register('--organization', ORGANIZATION);
    await server(1, SECRET);
    await simulator.set({ webhook_secrets_told: true });
    expect(await codes()).toEqual([]);
    await atPodiumDirectly('PUT', { secret: 'somebody-elses' }, uid);
    expect(await codes()).toEqual(['problem secret_unknown']);
    await webhook('update', uid);
    expect(await codes()).toEqual([]);
  });

  it('keeps what it has found, for the servers to show', async () => {
    await webhook('doctor');
    expect(await lastWebhookCheck(db.pool)).toMatchObject({ findings: [{ code: 'missing' }] });
  });

  it('cannot tell while Podium is away, and exits 2', async () => {
    await simulator.fault({ path: '^/v4/webhooks$', drop: 'before' });
    expect(await webhook('doctor')).toMatchObject({
      ...{ exitCode: 2, data: { error: { code: 'ERR_HTTP_PODIUM' } } },
    });
  });
});

describe('what takes something away', () => {
  it('is done only when it is meant, and stands in the audit with who did it', async () => {
    const { uid } = await register('--organization', ORGANIZATION);
    for (const command of ['disable', 'delete'])
      expect(await webhook(command, uid)).toMatchObject({ exitCode: 2 });
    expect(await atPodium()).toMatchObject([{ uid, disabled: false }]);

    expect(await webhook('disable', uid, '--yes')).toMatchObject({ exitCode: 0, data: { disabled: true } });
    expect(await webhook('enable', uid)).toMatchObject({ exitCode: 0, data: { disabled: false } });
    expect(await webhook('delete', uid, '--yes')).toMatchObject({ exitCode: 0 });
    expect(await atPodium()).toEqual([]);
    expect(await webhook('show', uid)).toMatchObject({ exitCode: 1 });
    expect(await webhook('update')).toMatchObject({ exitCode: 1 });

    const { rows } = await db.pool.query(
      `select kind, details from audit_entries where kind like 'webhook_%' order by id`,
    );
    expect(rows.map(({ kind, details }) => `${kind} ${details.action}`)).toEqual(
      ['register', 'disable', 'enable', 'delete'].flatMap((action) => [
        `webhook_change_wanted ${action}`,
        `webhook_changed ${action}`,
      ]),
    );
    expect(rows[1].details).toMatchObject({ webhook_uid: uid, actor: expect.any(String) });
  });
});

describe('verify', () => {
  it('is fine where each of our secrets is taken, and a wrong signature is not', async () => {
    const receiver = await startReceiver(db.pool);
    try {
      environment['PUBLIC_URL'] = receiver.url;
      environment['PODIUM_WEBHOOK_SECRETS'] = 'a webhook secret';
      expect(await webhook('verify')).toMatchObject({
        exitCode: 0,
        data: { trials: [{ answered: '200 ignored' }, { answered: '401 ERR_WHK_002' }] },
      });
      environment['PODIUM_WEBHOOK_SECRETS'] = 'a webhook secret,unknown there';
      expect(await webhook('verify')).toMatchObject({ exitCode: 1, data: { fine: false } });
      expect(receiver.signedWith).toEqual([]);
    } finally {
      await receiver.close();
    }
  });

  it('cannot tell where nothing answers', async () => {
    environment['PUBLIC_URL'] = 'http://127.0.0.1:1';
    expect(await webhook('verify')).toMatchObject({ exitCode: 2 });
  });
});
