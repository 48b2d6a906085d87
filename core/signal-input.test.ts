import { readMessages, readWish } from './signal-input';

const MESSAGE = {
  number: 1,
  from: 'customer',
  text: 'Hello',
  at: 1_000,
  receivedAt: 1_000,
  webchat: true,
  conversationUid: null,
  name: null,
  attachments: 0,
};

describe('a wish', () => {
  it('has an actor, a reason and perhaps a time', () => {
    expect(readWish({ actor: 'ann', reason: 'spam' })).toEqual({ actor: 'ann', reason: 'spam', at: null });
    expect(readWish({ actor: 'ann' })).toEqual({ actor: 'ann', reason: '', at: null });
    expect(readWish({ actor: 'ann', at: 5 })?.at).toBe(5);
    expect(readWish({ actor: 'ann', at: '1970-01-01T00:00:01Z' })?.at).toBe(1_000);
  });

  it.each([
    undefined,
    null,
    'close',
    7,
    [],
    {},
    { actor: '' },
    { actor: 3 },
    { actor: 'ann', reason: {} },
    { actor: 'ann', at: 'soon' },
    { actor: 'ann', at: -1 },
    { actor: 'ann', at: 1e300 },
    { actor: 'ann', at: NaN },
  ])('is not read from %j', (input) => expect(readWish(input)).toBeNull());
});

describe('messages', () => {
  it('come as a list, with nothing but their own fields', () => {
    expect(readMessages([{ ...MESSAGE, extra: 1 }])).toEqual({ messages: [MESSAGE], complete: true });
    expect(readMessages(MESSAGE)).toEqual({ messages: [MESSAGE], complete: true });
  });

  it('say whether they may be an opt-out', () => {
    const doubtful = { ...MESSAGE, mayOptOut: true };
    const refusal = { ...MESSAGE, refusal: true };
    expect(readMessages([doubtful, refusal, MESSAGE]).messages).toEqual([doubtful, refusal, MESSAGE]);
  });

  it.each(['customer', 'agent', 'delivery'])('come from %s', (from) =>
    expect(readMessages({ ...MESSAGE, from })).toMatchObject({ messages: [{ from }], complete: true }),
  );

  it.each([undefined, null, 'hello', [], [null], [[MESSAGE]]])('are not read from %j', (input) =>
    expect(readMessages(input)).toEqual({ messages: [], complete: false }),
  );

  it.each([
    { number: 0 },
    { number: 1.5 },
    { number: '1' },
    { from: 'robot' },
    { text: null },
    { at: '2026-01-01' },
    { at: 1e16 },
    { at: -62_135_596_800_000 },
    { receivedAt: Infinity },
    { webchat: 1 },
    { name: 4 },
    { conversationUid: undefined },
    { attachments: -1 },
    { mayOptOut: 'yes' },
    { refusal: false },
  ])('are taken without the one that has %j', (wrong) =>
    expect(readMessages([{ ...MESSAGE, ...wrong }, MESSAGE])).toEqual({
      messages: [MESSAGE],
      complete: false,
    }),
  );
});
