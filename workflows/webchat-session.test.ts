import { MINUTE, SECOND, SessionRig, eventually } from '../test/support/session-rig';

let rig: SessionRig;
beforeAll(async () => (rig = await SessionRig.start()));
afterAll(() => rig?.stop());

test('greets once, with the first question in the same text', async () => {
  const chat = rig.chat();
  await chat.says('Hi');
  expect(await chat.hears(1)).toEqual([
    'Hello from Northside Motors.\nWhat is it about?\n1. Sales\n2. Service',
  ]);
  await chat.signal('forceClose', { actor: 'test', reason: 'done' });
  await chat.ends();
});
