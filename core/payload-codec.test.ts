import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { EncryptionCodec } from './payload-codec';

const OLD = { id: 'old', secret: Buffer.alloc(32, 1) };
const NEW = { id: 'new', secret: Buffer.alloc(32, 2) };
const MESSAGE = { text: 'Can I book a test drive?', phone: '+61412345678' };
const PAYLOAD = defaultPayloadConverter.toPayload(MESSAGE);

const value = (payload: Payload | undefined) => defaultPayloadConverter.fromPayload(payload!);

test('a payload comes back as it was, with its metadata', async () => {
  const codec = new EncryptionCodec([OLD]);
  const [decoded] = await codec.decode(await codec.encode([PAYLOAD]));
  expect(value(decoded)).toEqual(MESSAGE);
});

test('nothing of a payload can be read while it is encrypted', async () => {
  const [encoded] = await new EncryptionCodec([OLD]).encode([PAYLOAD]);
  const bytes = Buffer.from(encoded!.data!);
  expect(bytes.includes('test drive')).toBe(false);
  expect(bytes.includes('412345678')).toBe(false);
  expect(bytes.includes('json/plain')).toBe(false);
  expect(Buffer.from(encoded!.metadata!['encryption-key-id']!).toString()).toBe('old');
});

test('payloads of an older key are still read after a newer one came before it', async () => {
  const encoded = await new EncryptionCodec([OLD]).encode([PAYLOAD]);
  const [decoded] = await new EncryptionCodec([NEW, OLD]).decode(encoded);
  expect(value(decoded)).toEqual(MESSAGE);
});

test('plain payloads of people are let through', async () => {
  const [decoded] = await new EncryptionCodec([OLD]).decode([PAYLOAD]);
  expect(decoded).toBe(PAYLOAD);
});

test('a payload without data survives', async () => {
  const codec = new EncryptionCodec([OLD]);
  const nothing = defaultPayloadConverter.toPayload(undefined);
  const [decoded] = await codec.decode(await codec.encode([nothing]));
  expect(value(decoded)).toBeUndefined();
  expect(await codec.encode([])).toEqual([]);
});

test('a payload of an unknown key is refused', async () => {
  const encoded = await new EncryptionCodec([OLD]).encode([PAYLOAD]);
  await expect(new EncryptionCodec([NEW]).decode(encoded)).rejects.toThrow('"old"');
});
