import { bodyHash, storable, storableKey } from './text';

describe('a text from outside', () => {
  it('loses what Postgres cannot keep, and nothing else', () => {
    expect(storable('a\0b')).toBe('a\uFFFDb');
    expect(storable('half \uD83D of a pair \uDE00')).toBe('half \uFFFD of a pair \uFFFD');
    expect(storable('whole 😀, é, \n\t')).toBe('whole 😀, é, \n\t');
  });

  it('is a key as it is up to the length of an index, and a digest beyond', () => {
    expect(storableKey('x'.repeat(255))).toBe('x'.repeat(255));
    expect(storableKey('x'.repeat(256))).toMatch(/^[0-9a-f]{64}$/);
    expect(storableKey('x'.repeat(256))).not.toBe(storableKey('x'.repeat(257)));
  });
});

it('knows a body again when a carrier has changed its blanks', () => {
  expect(bodyHash('Hello,\r\n which day? ')).toEqual(bodyHash('Hello, which day?'));
  expect(bodyHash('Hello')).not.toEqual(bodyHash('hello'));
});
