/** Podium forgets to call: what no webhook has brought is found, comes in once, and has its effect once. */
import type { SimulatedMessage } from './support/simulator';
import { BAYVIEW, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

/** Harbour Cycles and Maple Dental, in other countries. */
const STORES = [
  NORTHSIDE,
  BAYVIEW,
  '9e000000-0000-4000-8000-000000000005',
  '9e000000-0000-4000-8000-000000000007',
];
const CUSTOMERS = 60;
const AT_ONCE = 12;
/** For what 300 messages set in motion on a busy machine. */
const PATIENCE_MS = 240_000;
/** A look covers all but the last twentieth of a second: that may be on its way. */
const SETTINGS = { reconciliation: { interval_seconds: 1 } };

interface Customer {
  phone: string;
  store: string;
}

interface Written {
  uid: string;
  /** No webhook has heard of it. */
  lost: boolean;
}

const customers: Customer[] = Array.from({ length: CUSTOMERS }, (_, n) => ({
  phone: `+14155550${100 + n}`,
  store: STORES[n % STORES.length]!,
}));

describe.each(['published', 'skill'] as const)('with the %s contract, of 300 messages', (contract) => {
  let system: System;
  let written: Written[];
  let found: Awaited<ReturnType<System['reconcile']>>;

  beforeAll(async () => {
    system = await startSystem({ contract, settings: SETTINGS, servers: 2 });
    await system.simulator.set({ opt_out_whitelisted: true, duplicate_rate: 0.1, webhook_loss_rate: 0.05 });
    written = await busyHour(system);
    await system.isQuiet(PATIENCE_MS);
    await system.simulator.set({ webhook_loss_rate: 0 }); // what is sent from here on is heard of
    found = await system.reconcile();
    await system.isQuiet(PATIENCE_MS);
  }, 600_000);
  afterAll(() => system.stop());

  test('5 % are lost, and are found by one reconciliation', async () => {
    const lost = written.filter((message) => message.lost);
    expect(lost.length).toBeGreaterThanOrEqual(10);
    expect(found).toMatchObject({ failed: 0, quarantined: 0 });
    expect(await finds()).toBe(lost.length);
  });

  test('each message is in the inbox once', async () => {
    const { rows } = await system.pool.query<{ uid: string; count: number }>(
      `select message_uid as uid, count(*) from inbox_events
        where event_type like '%message.received' group by message_uid`,
    );
    expect(new Map(rows.map(({ uid, count }) => [uid, count]))).toEqual(
      new Map(written.map(({ uid }) => [uid, 1])),
    );
  });

  test('each message reached its session once, unless the customer had opted out meanwhile', async () => {
    for (const customer of customers) {
      const said = (await messagesIn(customer)).filter(({ from }) => from === 'customer');
      const words = said.map(({ body }) => body).filter((body) => body !== 'STOP');
      const signalled = await system.messagesOf(customer.phone, customer.store);
      const texts = signalled.filter(({ from }) => from === 'customer').map(({ text }) => text);
      if (words.length === said.length) expect(texts.sort()).toEqual(words.sort());
      else for (const text of texts) expect(words.splice(words.indexOf(text), 1)).toEqual([text]);
    }
  });

  test('each customer was greeted once, and a lost STOP is an opt-out', async () => {
    for (const customer of customers) {
      const messages = await messagesIn(customer);
      const greetings = messages.filter(
        ({ from, body }) => from === 'api' && /thanks for contacting/.test(body),
      );
      const hasLeft = messages.some(({ body }) => body === 'STOP'); // perhaps before the greeting was on its way
      expect(greetings.length).toBeGreaterThanOrEqual(hasLeft ? 0 : 1);
      expect(greetings.length).toBeLessThanOrEqual(1);
      const { rows } = await system.pool.query<{ out: boolean }>(
        'select opted_out as out from opt_outs where phone_e164 = $1',
        [customer.phone],
      );
      expect(rows).toEqual(hasLeft ? [{ out: true }] : []);
    }
  });

  test('another reconciliation finds nothing more', async () => {
    const before = await inboxSize();
    expect(await system.reconcile()).toMatchObject({ accepted: 0, quarantined: 0, failed: 0 });
    expect(await inboxSize()).toBe(before);
  });

  test('it shows in the metrics of every server, and in the audit', async () => {
    for (const url of system.serverUrls) {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics).toContain(`podium_webchat_reconciliation_finds_total ${await finds()}`);
      expect(metrics).toMatch(/podium_webchat_reconciliation_last_run_timestamp_seconds \d{10}/);
    }
    const { rows } = await system.pool.query<{ count: number }>(
      `select count(*) from audit_entries where kind = 'message_found'`,
    );
    expect(rows).toEqual([{ count: await finds() }]);
  });

  async function messagesIn({ phone, store }: Customer): Promise<SimulatedMessage[]> {
    return (await system.simulator.conversation(phone, store))?.messages ?? [];
  }

  async function finds(): Promise<number> {
    const { rows } = await system.pool.query<{ finds: number }>('select finds from reconciliation_totals');
    return rows[0]!.finds;
  }

  async function inboxSize(): Promise<number> {
    const { rows } = await system.pool.query<{ count: number }>('select count(*) from inbox_events');
    return rows[0]!.count;
  }
});

/** Every customer writes five times, also the same words twice; every sixth one opts out at the end. */
async function busyHour({ simulator }: System): Promise<Written[]> {
  const write = async ({ phone, store }: Customer, body: string, webchat: boolean): Promise<Written> => {
    const message = { phone, location_uid: store, body, name: 'Jane Citizen', webchat };
    const { message_uid, event_uid } = await simulator.customerWrites(message);
    return { uid: message_uid, lost: event_uid === null };
  };
  const written: Written[] = [];
  const left = [...customers.entries()];
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [n, customer] = next;
      written.push(await write(customer, 'Can I book a test drive?', true));
      for (const body of ['2', 'Jane Citizen', 'Jane Citizen', n % 6 === 0 ? 'STOP' : 'On Friday, please.'])
        written.push(await write(customer, body, false));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return written;
}
