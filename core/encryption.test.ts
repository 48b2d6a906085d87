import { decrypt, encrypt, type EncryptionKey } from './encryption';

const OLD: EncryptionKey = { id: 'old', secret: Buffer.alloc(32, 1) };
const NEW: EncryptionKey = { id: 'new', secret: Buffer.alloc(32, 2) };
const PLAIN = Buffer.from('Can I book a test drive?');

test('what was encrypted can be read again', () => {
  expect(decrypt(encrypt(PLAIN, [OLD]), [OLD])).toEqual(PLAIN);
  expect(decrypt(encrypt(Buffer.alloc(0), [OLD]), [OLD])).toHaveLength(0);
});

test('the first key encrypts, and every key decrypts', () => {
  const before = encrypt(PLAIN, [OLD]);
  expect(encrypt(PLAIN, [NEW, OLD]).keyId).toBe('new');
  expect(decrypt(before, [NEW, OLD])).toEqual(PLAIN);
});

test('the same text never looks the same twice', () => {
  expect(encrypt(PLAIN, [OLD]).bytes).not.toEqual(encrypt(PLAIN, [OLD]).bytes);
});

test('a changed bit is seen, wherever it is', () => {
  const { keyId, bytes } = encrypt(PLAIN, [OLD]);
  for (const at of [0, 12, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    expect(() => decrypt({ keyId, bytes: changed }, [OLD])).toThrow();
  }
  expect(() => decrypt({ keyId, bytes: bytes.subarray(0, 20) }, [OLD])).toThrow('cut off');
});

test('a key that is not there is named', () => {
  expect(() => decrypt(encrypt(PLAIN, [OLD]), [NEW])).toThrow('"old"');
  expect(() => encrypt(PLAIN, [])).toThrow('no key');
});
