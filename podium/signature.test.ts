import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { beginVerification, signedHeaders, type SignatureRules } from './signature';

const SECRET = 'something-no-one-will-know';
const NOW = Date.parse('2026-07-23T10:00:00.000Z');
const rules: SignatureRules = { secrets: [SECRET], replayWindowSeconds: 950_400, clockSkewSeconds: 300 };

const sign = (timestamp: string, body: string | Buffer, secret = SECRET) =>
  createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');

const published = (timestamp: string, body: string | Buffer, secret = SECRET) => ({
  'podium-timestamp': timestamp,
  'podium-signature': sign(timestamp, body, secret),
});

/** The code of the failure, or 'ok'. */
function verify(headers: IncomingHttpHeaders, body: string | Buffer, now = NOW, given = rules): string {
  const start = beginVerification(headers, given);
  if (!start.ok) return start.failure.code;
  for (const byte of Buffer.from(body)) start.verifier.update(Uint8Array.of(byte));
  const end = start.verifier.finish(now);
  return end.ok ? 'ok' : end.failure.code;
}

describe('a signature', () => {
  it('fits the example that Podium publishes: milliseconds, a dot, the raw body', () => {
    const body =
      '{"data":{"bar":"apples","foo":"1"},"metadata":{"event_type":"test.event","version":"2021.04.01"}}';
    const headers = {
      'podium-timestamp': '1620771659663',
      // Computed with: printf '%s.%s' 1620771659663 "$body" | openssl dgst -sha256 -hmac something-no-one-will-know
      'podium-signature': '4d09f22dd01181ccf651c1236f4bec9e6226c472b39cb9dbdcf5dfa633dda982',
    };
    expect(verify(headers, body, 1_620_771_659_663)).toBe('ok');
  });

  it('is read in the one-header form, with seconds and in any order', () => {
    const seconds = String(NOW / 1000);
    const digest = sign(seconds, '{}');
    expect(verify({ 'x-podium-signature': `t=${seconds},v1=${digest}` }, '{}')).toBe('ok');
    expect(verify({ 'x-podium-signature': `v1=${digest.toUpperCase()}, t=${seconds}` }, '{}')).toBe('ok');
  });

  it('takes seconds and milliseconds in either form', () => {
    expect(verify(published(String(NOW / 1000), '{}'), '{}')).toBe('ok');
    const ms = String(NOW);
    expect(verify({ 'x-podium-signature': `t=${ms},v1=${sign(ms, '{}')}` }, '{}')).toBe('ok');
  });

  it('may come from any live secret, and from no other', () => {
    const both = { ...rules, secrets: ['the-new-one', SECRET] };
    expect(verify(published(String(NOW), '{}'), '{}', NOW, both)).toBe('ok');
    expect(verify(published(String(NOW), '{}', 'the-new-one'), '{}', NOW, both)).toBe('ok');
    expect(verify(published(String(NOW), '{}', 'a-retired-one'), '{}', NOW, both)).toBe('ERR_WHK_002');
    expect(verify(published(String(NOW), '{}'), '{}', NOW, { ...rules, secrets: [] })).toBe('ERR_WHK_002');
  });

  it('tells which secret it is from, so that the use of an old one shows', () => {
    const both = { ...rules, secrets: ['the-new-one', SECRET] };
    for (const secret of both.secrets) {
      const start = beginVerification(published(String(NOW), '{}', secret), both);
      if (!start.ok) throw new Error(start.failure.code);
      start.verifier.update(Buffer.from('{}'));
      expect(start.verifier.finish(NOW)).toEqual({ ok: true, secret });
    }
  });

  it('of ours is in the documented form', () => {
    expect(verify(signedHeaders('{"é":1}', SECRET, NOW), '{"é":1}')).toBe('ok');
    expect(verify(signedHeaders('{}', 'another', NOW), '{}')).toBe('ERR_WHK_002');
  });

  it('covers bytes: not even an equal text in other bytes passes', () => {
    const broken = Buffer.from([0x22, 0xff, 0x00, 0x22]);
    expect(verify(published(String(NOW), broken), broken)).toBe('ok');
    expect(verify(published(String(NOW), broken), broken.toString('utf8'))).toBe('ERR_WHK_002');
  });

  it('covers the timestamp', () => {
    const headers = { ...published(String(NOW), '{}'), 'podium-timestamp': String(NOW + 1) };
    expect(verify(headers, '{}')).toBe('ERR_WHK_002');
  });

  it.each([
    ['just inside the past', -950_400, 'ok'],
    ['just outside the past', -950_401, 'ERR_WHK_003'],
    ['just inside the future', 300, 'ok'],
    ['just outside the future', 301, 'ERR_WHK_003'],
  ])('%s, is judged so', (_, seconds, expected) => {
    expect(verify(published(String(NOW + seconds * 1000), '{}'), '{}')).toBe(expected);
  });

  it('is missing when neither form is there', () => {
    expect(verify({ 'podium-timestamp': String(NOW) }, '{}')).toBe('ERR_WHK_001');
  });

  it.each<[string, IncomingHttpHeaders]>([
    ['no timestamp', { 'podium-signature': sign('', '{}') }],
    ['a timestamp with letters after digits', published(`${NOW}abc`, '{}')],
    ['an exponent', published('1e12', '{}')],
    ['a short digest', { 'podium-timestamp': String(NOW), 'podium-signature': 'abcd' }],
    ['no hex', { 'podium-timestamp': String(NOW), 'podium-signature': 'z'.repeat(64) }],
    [
      'two headers in one',
      { 'podium-timestamp': String(NOW), 'podium-signature': `${sign('1', '')}, ${sign('1', '')}` },
    ],
    ['an empty header', { 'x-podium-signature': '' }],
    ['another scheme', { 'x-podium-signature': `t=${NOW},v0=${sign(String(NOW), '{}')}` }],
  ])('of unknown form is refused: %s', (_, headers) => {
    expect(verify(headers, '{}')).toBe('ERR_WHK_012');
  });
});
