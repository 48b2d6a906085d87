import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { startReceiver, TOKENS, type Receiver } from '../test/support/receiver';
import { EncryptionCodec } from '../core/payload-codec';

const codec = new EncryptionCodec([{ id: 'k1', secret: randomBytes(32) }]);
const TOKEN = TOKENS[0]!.token;
const PLAIN = {
  metadata: { encoding: Buffer.from('json/plain').toString('base64') },
  data: Buffer.from('"hello"').toString('base64'),
};

let database: TestDatabase;
let receiver: Receiver;

beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await startReceiver(database.pool, (parts) => ({ ...parts, codec }));
});
afterAll(async () => {
  await receiver.close();
  await database.drop();
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const options = { method: 'POST', body: JSON.stringify(body), headers };
  const answer = await fetch(`${receiver.url}/codec${path}`, options);
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

it('shows what was encrypted to the holder of a token', async () => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const encoded = await post('/encode', { payloads: [PLAIN] }, headers);
  expect(JSON.stringify(encoded.body)).not.toContain(PLAIN.data);
  const decoded = await post('/decode', encoded.body, headers);
  expect(decoded.body).toEqual({ payloads: [PLAIN] });
});

it('takes the token in the path, for a Web UI that can only be given an address', async () => {
  const encoded = await post(`/${TOKEN}/encode`, { payloads: [PLAIN] });
  expect((await post(`/${TOKEN}/decode`, encoded.body)).body).toEqual({ payloads: [PLAIN] });
});

it.each([
  ['no token', '/decode', {}],
  ['a wrong token', '/decode', { authorization: 'Bearer wrong' }],
  ['a wrong token in the path', '/wrong/decode', {}],
])('shows nothing with %s', async (_, path, headers) => {
  const answer = await post(path, { payloads: [PLAIN] }, headers);
  expect(answer).toMatchObject({ status: 401, body: { error: { code: 'ERR_HTTP_UNAUTHORIZED' } } });
});

it("lets the Web UI's page ask, from its own origin", async () => {
  const answer = await fetch(`${receiver.url}/codec/${TOKEN}/decode`, {
    method: 'OPTIONS',
    headers: {
      origin: 'http://localhost:8233',
      'access-control-request-headers': 'content-type, x-namespace',
    },
  });
  expect(answer.status).toBe(204);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('access-control-allow-headers')).toContain('x-namespace');
  expect((await post('/wrong/decode', {})).headers.get('access-control-allow-origin')).toBe('*');
});

it.each([
  ['no JSON object', 'text', 'ERR_HTTP_INVALID_REQUEST'],
  ['a payload of an unknown key', { payloads: [foreign()] }, 'ERR_HTTP_UNDECODABLE'],
])('refuses %s', async (_, body, code) => {
  const answer = await post(`/${TOKEN}/decode`, body);
  expect(answer).toMatchObject({ status: 400, body: { error: { code } } });
});

function foreign() {
  const metadata = { encoding: 'binary/encrypted', 'encryption-key-id': 'k9' };
  const inBase64 = Object.entries(metadata).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ]);
  return { metadata: Object.fromEntries(inBase64) as unknown, data: PLAIN.data };
}
