/** After STOP nobody is texted: not by what is on its way, and not by any other store. */
import { ARCHIVED, BAYVIEW, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

const JANE = '+61400123456';
const JOHN = '+61412345678';
const MARY = '+14155551234';
const ANNE = '+14155550199';

let system: System;
beforeAll(async () => {
  system = await startSystem();
  await system.simulator.set({ opt_out_whitelisted: true });
});
afterAll(() => system.stop());

const chat = (phone: string, location_uid: string, body = 'Can I book a test drive?') =>
  system.simulator.customerWrites({ phone, location_uid, body });
const text = (phone: string, location_uid: string, body: string) =>
  system.simulator.customerWrites({ phone, location_uid, body, webchat: false });

test('an opt-out that the session has not heard of stops its retry at the door', async () => {
  await system.simulator.fault({
    ...{ method: 'POST', path: '^/v4/messages$' },
    ...{ status: 429, headers: { 'retry-after': '8' } },
  });
  const before = (await sends()).length;
  await chat(ANNE, NORTHSIDE);
  await system.eventually('the throttled send', async () => (await sends()).length === before + 1);

  // The ledger alone, as it stands between the commit and the signal.
  await system.pool.query(
    `insert into opt_outs (phone_e164, opted_out, version, source, recorded_at)
     values ($1, true, 1, 'text', now())`,
    [ANNE],
  );

  await hasClosed(ANNE, NORTHSIDE);
  await system.isQuiet();
  expect(await sends()).toHaveLength(before + 1);
  const { rows } = await system.pool.query('select status from sends where phone_e164 = $1', [ANNE]);
  expect(rows).toEqual([{ status: 'blocked' }]);
});

test('STOP at one store: the sessions at all stores are closed, and none of them says a word again', async () => {
  await chat(JOHN, NORTHSIDE);
  await chat(JOHN, BAYVIEW);
  await Promise.all([system.hears(1, JOHN, NORTHSIDE), system.hears(1, JOHN, BAYVIEW)]);

  await text(JOHN, NORTHSIDE, 'STOP');

  await Promise.all([hasClosed(JOHN, NORTHSIDE), hasClosed(JOHN, BAYVIEW)]);
  for (const store of [NORTHSIDE, BAYVIEW]) await chat(JOHN, store, 'One more question');
  await system.isQuiet();
  for (const store of [NORTHSIDE, BAYVIEW]) {
    expect(await system.textsTo(JOHN, store)).toHaveLength(1);
    const { notes } = (await system.simulator.conversation(JOHN, store))!;
    expect(notes.map(({ body }) => body)).toContainEqual(
      expect.stringContaining('has opted out of messages and wrote again'),
    );
  }
  expect((await system.simulator.state(JOHN)).contacts).toMatchObject([{ opted_out_at: expect.any(String) }]);
});

test('STOP at an archived store counts everywhere', async () => {
  await chat(MARY, BAYVIEW);
  await system.hears(1, MARY, BAYVIEW);

  await chat(MARY, ARCHIVED, 'unsubscribe');

  await hasClosed(MARY, BAYVIEW);
  await chat(MARY, BAYVIEW, 'One more question');
  await system.isQuiet();
  expect(await system.textsTo(MARY, BAYVIEW)).toHaveLength(1);
});

test('STOP while a reply is being retried after 429: that reply is never sent', async () => {
  await system.simulator.fault({
    ...{ method: 'POST', path: '^/v4/messages$' },
    ...{ status: 429, headers: { 'retry-after': '60' } }, // STOP comes long before that on any machine; no test after this one waits for it
  });
  const before = (await sends()).length;
  await chat(JANE, NORTHSIDE);
  await system.eventually('the throttled send', async () => (await sends()).length === before + 1);

  await text(JANE, NORTHSIDE, ' Stop! ');

  await hasClosed(JANE, NORTHSIDE);
  await system.isQuiet(); // nothing is left that could be tried again
  expect((await sends()).slice(before)).toMatchObject([{ status: 429 }]);
  expect(await system.textsTo(JANE)).toEqual([]);
});

async function sends() {
  const calls = await system.simulator.calls();
  return calls.filter(({ method, path }) => method === 'POST' && path === '/v4/messages');
}

function hasClosed(phone: string, locationUid: string) {
  return system.eventually('the session to be closed by the opt-out', async () => {
    const { rows } = await system.pool.query(
      `select from sessions where phone_e164 = $1 and location_uid = $2
          and status = 'closed' and close_reason = 'opted_out'`,
      [phone, locationUid],
    );
    return rows.length === 1;
  });
}
