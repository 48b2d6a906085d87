/** Nobody says in which order Podium lists: whatever it is, everything is found, and no more is read than it takes. */
import pino from 'pino';
import {
  createReconciliationActivities,
  createReconciliationSteps,
} from '../activities/reconciliation-activities';
import { createAccessTokens } from '../podium/access-token';
import { createPodium } from '../podium/client';
import { replaceLocations } from '../store/locations';
import { ownLimits } from './support/call-limits';
import { createTestDatabase, type TestDatabase } from './support/database';
import { MemoryTokens } from './support/memory-tokens';
import { context } from './support/received';
import { shippedWords } from './support/shipped-words';
import { BAYVIEW, credentials, startSimulator } from './support/simulator';

const LONG_AGO = Date.now() - 3 * 24 * 60 * 60 * 1000;
const RULES = { graceMs: 0, overlapMs: 60_000, firstLookMs: 600_000, longestMs: 864_000_000 };
const REGULAR = '+14155550100';
const NEW = '+14155550101';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let db: TestDatabase;
beforeAll(async () => {
  simulator = await startSimulator();
  await simulator.set({ ratelimit_per_minute: null });
  const write = (phone: string, body: string, at?: number) =>
    simulator.customerWrites({
      ...{ phone, body, location_uid: BAYVIEW },
      ...(at === undefined ? {} : { at: new Date(at).toISOString() }),
    });
  for (let n = 0; n < 25; n += 1) await write(REGULAR, `Old ${n}`, LONG_AGO + n);
  for (let n = 0; n < 110; n += 1)
    await write(`+1${212 + (n % 3)}55501${String(n % 100).padStart(2, '0')}`, 'Old', LONG_AGO + 100 + n);
  for (const body of ['New 1', 'New 2']) await write(REGULAR, body);
  await write(NEW, 'New 3');
});
afterAll(() => simulator.stop());

beforeEach(async () => {
  db = await createTestDatabase();
  const store = { name: 'Bayview Outfitters', country: 'US', archived: false, organizationUid: null };
  await replaceLocations(db.pool, [{ uid: BAYVIEW, ...store }], new Date());
});
afterEach(() => db.drop());

test.each([
  // A page of conversations, and one of messages for each of the two that have changed.
  ['newest_first', 3],
  // Both pages of conversations, and all three pages of the regular's messages.
  ['oldest_first', 6],
  ['none', 6],
])('%s: %d calls', async (order, calls) => {
  await simulator.set({ list_order: order });
  await simulator.forgetCalls();
  await lookAtAll();

  const { rows } = await db.pool.query<{ text: string }>(`select message->>'text' as text from inbox_events`);
  expect(rows.map(({ text }) => text).sort()).toEqual(['New 1', 'New 2', 'New 3']);
  const asked = (await simulator.calls()).filter(({ path }) => path.startsWith('/v4/'));
  expect(asked).toHaveLength(calls);
});

/** As the workflow does it. */
async function lookAtAll(): Promise<void> {
  const { look, steps } = parts();
  const until = await steps.lookUntil(Date.now() + 1);
  const locationUid = BAYVIEW;
  let cursor: string | null = null;
  do cursor = await look.listConversations({ locationUid, until, cursor });
  while (cursor !== null);
  for (const id of await steps.nextConversations({ locationUid, afterId: 0 }))
    while ((await look.readConversation({ id, until })).more);
  expect(await steps.nextConversations({ locationUid, afterId: 0 })).toEqual([]);
}

function parts() {
  const logger = pino({ level: 'silent' });
  const [common, pool] = [{ timeoutMs: 20_000, logger }, db.pool];
  const tokenUrl = `${simulator.url}/oauth/token`;
  const tokens = createAccessTokens({ tokenUrl, ...credentials, store: new MemoryTokens(), ...common });
  const podium = createPodium({
    ...{ contract: 'published', apiUrl: simulator.url, tokens, limits: ownLimits(), ...common },
  });
  const given = { context, wordsFor: shippedWords, countryOverrides: {} };
  return {
    look: createReconciliationActivities({ pool, podium, rules: RULES, ...given }),
    steps: createReconciliationSteps({ pool, rules: RULES }),
  };
}
