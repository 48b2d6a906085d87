import pino from 'pino';
import type { Location } from '../core/events';
import { judge } from '../core/verdict';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { context, NORTHSIDE } from '../test/support/received';
import { shippedWords } from '../test/support/shipped-words';
import { readEvent } from '../podium/webhook-event';
import { receive } from '../store/inbox';
import { createMetrics } from './metrics';
import { releaseHeldUp } from './quarantine';

let database: TestDatabase;
const served = new Map<string, Location>();

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  served.clear();
  await database.pool.query('truncate inbox_events, sessions');
});
afterAll(() => database.drop());

const judgeEvent = (event: Parameters<typeof judge>[0]) =>
  judge(event, (uid) => served.get(uid), shippedWords);

const release = (logger = pino({ level: 'silent' }), metrics = createMetrics()) =>
  releaseHeldUp({
    pool: database.pool,
    context,
    judge: judgeEvent,
    ...{ metrics, logger },
    servedLocations: [...served.values()].filter(({ archived }) => !archived).map(({ uid }) => uid),
  });

async function arrive(text: string, uid: string, byStore: object = {}): Promise<void> {
  const raw = Buffer.from(
    JSON.stringify({
      data: {
        uid,
        body: text,
        webchatUrl: 'https://www.example.com',
        conversation: { uid: 'c', channel: { type: 'phone', identifier: '0412 345 678' } },
        location: { uid: NORTHSIDE },
        ...byStore,
      },
      metadata: {
        eventType: 'sender' in byStore ? 'message.sent' : 'message.received',
        eventUid: `event-${uid}`,
      },
    }),
  );
  const { event } = readEvent(raw);
  await receive(database.pool, [{ event, verdict: judgeEvent(event), raw, receivedAt: new Date() }], context);
}

async function rows() {
  const { rows } = await database.pool.query(
    `select status, phone_e164 as phone, message->>'text' as text from inbox_events order by id`,
  );
  return rows;
}

it('lets go what was held up once its location turns up, in the order in which it came', async () => {
  await arrive('one', 'm1');
  await arrive('two', 'm2');
  expect(await release()).toBe(0);
  served.set(NORTHSIDE, { uid: NORTHSIDE, name: 'Northside', country: 'AU', archived: false });
  expect(await release()).toBe(2);
  expect(await rows()).toEqual([
    { status: 'pending', phone: '+61412345678', text: 'one' },
    { status: 'pending', phone: '+61412345678', text: 'two' },
  ]);
  expect(await release()).toBe(0);
});

it('keeps what is for an archived location', async () => {
  await arrive('one', 'm1');
  served.set(NORTHSIDE, { uid: NORTHSIDE, name: 'Northside', country: 'AU', archived: true });
  expect(await release()).toBe(0);
  expect(await rows()).toMatchObject([{ status: 'quarantined' }]);
});

it('lets go more than a page at once', async () => {
  for (let i = 0; i < 205; i++) await arrive('hello', `m${i}`);
  served.set(NORTHSIDE, { uid: NORTHSIDE, name: 'Northside', country: 'AU', archived: false });
  expect(await release()).toBe(205);
});

it("raises an alarm where a person's text to somebody who had opted out was among it", async () => {
  const log: { code?: string; traceId?: string }[] = [];
  await arrive('STOP', 'm1');
  await arrive('Are you still there?', 'm2', {
    sender: { uid: 'a-person' },
    createdAt: new Date().toISOString(),
  });
  served.set(NORTHSIDE, { uid: NORTHSIDE, name: 'Northside', country: 'AU', archived: false });
  const metrics = createMetrics();
  await release(pino({}, { write: (line: string) => void log.push(JSON.parse(line)) }), metrics);
  expect(log.map(({ code }) => code)).toEqual(['ERR_WEBCHAT_011']);
  expect(await metrics.registry.metrics()).toContain('podium_webchat_codes_total{code="ERR_WEBCHAT_011"} 1');
  expect(log[0]!.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(JSON.stringify(log)).not.toContain('412345678');
});
