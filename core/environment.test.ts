import { FILE_VARIABLES, readEnvironment, type Environment } from './environment';

const KEY = Buffer.alloc(32, 7).toString('base64');
const OLD_KEY = Buffer.alloc(32, 8).toString('base64');

const GOOD = {
  DATABASE_URL: 'postgresql://webchat:secret@localhost:5432/webchat',
  PODIUM_CLIENT_ID: 'client',
  PODIUM_CLIENT_SECRET: 'client-secret',
  PODIUM_WEBHOOK_SECRETS: 'first, second,',
  WEBCHAT_ID_KEY: 'an-id-key-of-some-length',
  WEBCHAT_ENCRYPTION_KEYS: `new:${KEY},old:${OLD_KEY}`,
  OPS_TOKENS: 'jane:a-token-of-some-length',
};

const NEEDS = [
  ...['databaseUrl', 'podiumApiUrl', 'podiumTokenUrl', 'podiumClientId', 'podiumClientSecret'],
  ...['podiumRefreshToken', 'podiumContract', 'webhookSecrets', 'idKeys', 'encryptionKeys', 'auditKeys'],
  ...[
    'opsTokens',
    'port',
    'trustedProxies',
    'logLevel',
    'settingsPath',
    'demoSimulatorUrl',
    'demoTemporalUiUrl',
    'workerMetricsAddress',
  ],
] as (keyof Environment)[];

const problems = (env: Record<string, string>) => {
  const result = readEnvironment({ ...GOOD, ...env }, NEEDS);
  return result.ok ? [] : result.problems;
};

test('a good environment is read whole, with lists as lists', () => {
  expect(readEnvironment(GOOD, NEEDS)).toEqual({
    ok: true,
    environment: {
      databaseUrl: GOOD.DATABASE_URL,
      podiumApiUrl: 'https://api.podium.com',
      podiumTokenUrl: 'https://api.podium.com/oauth/token',
      podiumClientId: 'client',
      podiumClientSecret: 'client-secret',
      podiumRefreshToken: null,
      podiumContract: null,
      webhookSecrets: ['first', 'second'],
      idKeys: ['an-id-key-of-some-length'],
      encryptionKeys: [
        { id: 'new', secret: Buffer.alloc(32, 7) },
        { id: 'old', secret: Buffer.alloc(32, 8) },
      ],
      auditKeys: null,
      opsTokens: [{ name: 'jane', token: 'a-token-of-some-length', scope: 'all' }],
      port: 3000,
      trustedProxies: [],
      logLevel: 'info',
      settingsPath: null,
      demoSimulatorUrl: null,
      demoTemporalUiUrl: null,
      workerMetricsAddress: null,
    },
  });
});

test('keys of suppressed phones are a list of their own, and need not be set', () => {
  const read = (env: Record<string, string>) => readEnvironment({ ...GOOD, ...env }, ['suppressionKeys']);
  expect(read({})).toEqual({ ok: true, environment: { suppressionKeys: [] } });
  expect(read({ WEBCHAT_SUPPRESSION_KEYS: 'a-new-key-of-some-length, an-old-key-of-some-length' })).toEqual({
    ok: true,
    environment: { suppressionKeys: ['a-new-key-of-some-length', 'an-old-key-of-some-length'] },
  });
  expect(read({ WEBCHAT_SUPPRESSION_KEYS: 'short' })).toMatchObject({ ok: false });
});

test('everything that is missing is told at once, with what it should look like', () => {
  const result = readEnvironment({ DATABASE_URL: ' ' }, NEEDS);
  expect(result).toEqual({ ok: false, problems: expect.any(Array) });
  expect(result.ok || result.problems.map((problem) => problem.split(' ')[0])).toEqual(Object.keys(GOOD));
  expect(result.ok || result.problems[0]).toBe(
    'DATABASE_URL is missing. It should be as postgresql://user:password@host:5432/database.',
  );
});

test('only what a process needs is asked for', () => {
  expect(readEnvironment({}, ['port'])).toEqual({ ok: true, environment: { port: 3000 } });
});

test.each([
  ['DATABASE_URL', 'mysql://localhost/webchat'],
  ['PODIUM_API_URL', 'api.podium.com'],
  ['PODIUM_CONTRACT', 'both'],
  ['PODIUM_WEBHOOK_SECRETS', ' , '],
  ['WEBCHAT_ID_KEY', 'short'],
  ['WEBCHAT_ENCRYPTION_KEYS', KEY],
  ['WEBCHAT_ENCRYPTION_KEYS', 'id:c2hvcnQ='],
  ['WEBCHAT_ENCRYPTION_KEYS', `same:${KEY},same:${OLD_KEY}`],
  ['WEBCHAT_AUDIT_KEYS', KEY],
  ['OPS_TOKENS', 'a-token-without-a-name'],
  ['OPS_TOKENS', 'jane:short'],
  ['OPS_TOKENS', 'web-ui:short:codec'],
  ['OPS_TOKENS', 'web-ui:a-token-in-an-address:Codec'],
  ['OPS_TOKENS', 'web-ui:a-token-in-an-address:codecs'],
  ['OPS_TOKENS', 'web-ui:a-token-in-an-address:codec:codec'],
  ['OPS_TOKENS', 'jane:a-token-of-some-length,web-ui:a-token-of-some-length:codec'],
  ['PORT', '80a'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['LOG_LEVEL', 'loud'],
  ['TRUSTED_PROXIES', '10.0.0.0/8,the-proxy'],
  ['WORKER_METRICS_ADDRESS', '9464'],
  ['WORKER_METRICS_ADDRESS', '0.0.0.0:94640'],
])('%s=%s is told to be wrong, without repeating it', (name, value) => {
  const [problem, ...others] = problems({ [name]: value });
  expect(problem).toMatch(new RegExp(`^${name} is wrong\\. It should be `));
  expect(problem?.split('It should')[0]).not.toContain(value);
  expect(others).toEqual([]);
});

test('a token may be for the codec alone', () => {
  const tokens = 'jane:a-token-of-some-length,web-ui:a-token-in-an-address:codec';
  expect(readEnvironment({ OPS_TOKENS: tokens }, ['opsTokens'])).toEqual({
    ok: true,
    environment: {
      opsTokens: [
        { name: 'jane', token: 'a-token-of-some-length', scope: 'all' },
        { name: 'web-ui', token: 'a-token-in-an-address', scope: 'codec' },
      ],
    },
  });
});

test('one wrong item spoils its list', () => {
  expect(problems({ OPS_TOKENS: `${GOOD.OPS_TOKENS},joe:short` })).toHaveLength(1);
});

test('the audit may have keys of its own', () => {
  expect(readEnvironment({ WEBCHAT_AUDIT_KEYS: `new:${KEY},old:${OLD_KEY}` }, ['auditKeys'])).toEqual({
    ok: true,
    environment: {
      auditKeys: [
        { id: 'new', secret: Buffer.alloc(32, 7) },
        { id: 'old', secret: Buffer.alloc(32, 8) },
      ],
    },
  });
});

test('port 0 asks for a free one', () => {
  expect(readEnvironment({ PORT: '0' }, ['port'])).toEqual({ ok: true, environment: { port: 0 } });
});

test('a slash behind a URL makes no difference', () => {
  expect(readEnvironment({ PODIUM_API_URL: 'http://localhost:4010/' }, ['podiumApiUrl'])).toEqual({
    ok: true,
    environment: { podiumApiUrl: 'http://localhost:4010' },
  });
});

test("Temporal's key may come as a file, and the path of its own file is not taken for one", () => {
  expect(FILE_VARIABLES).toContain('TEMPORAL_API_KEY');
  expect(FILE_VARIABLES).not.toContain('TEMPORAL_CONFIG');
});

test('a build has a name, and a server that is to end some seconds', () => {
  const read = (env: Record<string, string>) =>
    readEnvironment({ ...GOOD, ...env }, ['buildId', 'drainSeconds']);
  expect(read({})).toEqual({ ok: true, environment: { buildId: null, drainSeconds: 0 } });
  expect(read({ WEBCHAT_BUILD_ID: '2026.11-rc_1', DRAIN_SECONDS: '10' })).toEqual({
    ok: true,
    environment: { buildId: '2026.11-rc_1', drainSeconds: 10 },
  });
  expect(read({ WEBCHAT_BUILD_ID: 'my build', DRAIN_SECONDS: '61' })).toMatchObject({
    ok: false,
    problems: [expect.stringContaining('WEBCHAT_BUILD_ID'), expect.stringContaining('DRAIN_SECONDS')],
  });
});
