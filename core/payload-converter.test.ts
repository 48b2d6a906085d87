import { payloadConverter } from './payload-converter';

const payload = (encoding: string | null, data: string | null) => ({
  metadata: encoding === null ? null : { encoding: Buffer.from(encoding) },
  data: data === null ? null : Buffer.from(data),
});

test('what is written is read again', () => {
  const value = { text: 'Hi', number: 1 };
  expect(payloadConverter.fromPayload(payloadConverter.toPayload(value))).toEqual(value);
});

test.each([
  ['broken JSON', payload('json/plain', '{"actor": "kim",')],
  ['JSON without data', payload('json/plain', null)],
  ['an encoding that is not ours', payload('json/protobuf', '{}')],
  ['an encoding without a name', { metadata: {}, data: Buffer.from('{}') }],
  ['no metadata', payload(null, '{}')],
])('%s is nothing, and no error', (_, input) => {
  expect(payloadConverter.fromPayload(input)).toBeUndefined();
});

test('what was not decrypted is an error', () => {
  expect(() => payloadConverter.fromPayload(payload('binary/encrypted', '{}'))).toThrow('binary/encrypted');
});
