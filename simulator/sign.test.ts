import { createHmac } from 'node:crypto';
import { signPublished, signSkill } from './sign';

// Podium's published example; it does not tell the digest, so it is computed here the long way.
const body =
  '{"data":{"bar":"apples","foo":"1"},"metadata":{"event_type":"test.event","version":"2021.04.01"}}';
const digest = createHmac('sha256', 'secret').update(`1620771659663.${body}`).digest('hex');

test("Podium's published example is signed over the timestamp, a dot and the raw body", () => {
  expect(signPublished('secret', body, 1620771659663)).toEqual({
    'podium-timestamp': '1620771659663',
    'podium-signature': digest,
  });
});

test('the skill contract puts time and digest into one header', () => {
  expect(signSkill('secret', body, 1620771659663)).toEqual({
    'x-podium-signature': `t=1620771659663,v1=${digest}`,
  });
});

test('bytes that are no text are signed as they are', () => {
  const bytes = Buffer.from([0xff, 0x00, 0xfe]);
  const expected = createHmac('sha256', 'secret').update('7.').update(bytes).digest('hex');
  expect(signPublished('secret', bytes, 7)['podium-signature']).toBe(expected);
});
