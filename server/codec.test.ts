import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { startReceiver, TOKENS, type Receiver } from '../test/support/receiver';
import { EncryptionCodec } from '../core/payload-codec';
import { OPERATIONS, pathOf } from '../ops/operations';
import { CodecUses } from './codec-uses';

const codec = new EncryptionCodec([{ id: 'k1', secret: randomBytes(32) }]);
const [{ token: TOKEN }, { token: CODEC_TOKEN }] = TOKENS;
const PLAIN = {
  metadata: { encoding: Buffer.from('json/plain').toString('base64') },
  data: Buffer.from('"hello"').toString('base64'),
};

const lines: object[] = [];
const codecUses = new CodecUses({ info: (line: object) => lines.push(line) } as never);

let database: TestDatabase;
let receiver: Receiver;

beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await startReceiver(database.pool, (parts) => ({ ...parts, codec, codecUses }));
});
afterAll(async () => {
  codecUses.stop();
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
  const encoded = await post(`/${CODEC_TOKEN}/encode`, { payloads: [PLAIN] });
  expect((await post(`/${CODEC_TOKEN}/decode`, encoded.body)).body).toEqual({ payloads: [PLAIN] });
});

it.each([
  ['no token', '/decode', {}],
  ['a wrong token', '/decode', { authorization: 'Bearer wrong' }],
  ['a wrong token in the path', '/wrong/decode', {}],
])('shows nothing with %s', async (_, path, headers) => {
  const answer = await post(path, { payloads: [PLAIN] }, headers);
  expect(answer).toMatchObject({ status: 401, body: { error: { code: 'ERR_HTTP_UNAUTHORIZED' } } });
});

it('takes no token in the path that can do more: addresses are written down by browsers and proxies', async () => {
  const answer = await post(`/${TOKEN}/decode`, { payloads: [PLAIN] });
  expect(answer).toMatchObject({ status: 403, body: { error: { code: 'ERR_HTTP_FORBIDDEN' } } });
});

it('gives the token of the Web UI nothing but the codec', async () => {
  const headers = { authorization: `Bearer ${CODEC_TOKEN}` };
  expect((await post('/decode', { payloads: [PLAIN] }, headers)).status).toBe(200);
  for (const path of [...OPERATIONS.map(pathOf), '/ops/messages/attachment']) {
    const answer = await fetch(`${receiver.url}${path}`, { method: 'POST', headers, body: '{}' });
    expect([path, answer.status]).toEqual([path, 403]);
  }
});

it('logs by the name of the token how many payloads were decoded, and none that could not be', async () => {
  codecUses.stop();
  lines.length = 0;
  await post(`/${CODEC_TOKEN}/decode`, { payloads: [foreign(), PLAIN] });
  await post(`/${CODEC_TOKEN}/encode`, { payloads: [PLAIN] });
  expect(lines).toEqual([]);
  await post(`/${CODEC_TOKEN}/decode`, { payloads: [PLAIN, PLAIN] });
  expect(lines).toEqual([{ operator: TOKENS[1].name, payloads: 2 }]);
});

it("lets the Web UI's page ask, from its own origin", async () => {
  const answer = await fetch(`${receiver.url}/codec/${CODEC_TOKEN}/decode`, {
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
  ['a list', [PLAIN], 'ERR_HTTP_INVALID_REQUEST'],
  ['what is no payload', { payloads: [5] }, 'ERR_HTTP_INVALID_REQUEST'],
  ['what is no base64', { payloads: [{ data: '§' }] }, 'ERR_HTTP_INVALID_REQUEST'],
  ['a payload of an unknown key', { payloads: [foreign()] }, 'ERR_HTTP_UNDECODABLE'],
])('refuses %s', async (_, body, code) => {
  const answer = await post(`/${CODEC_TOKEN}/decode`, body);
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
