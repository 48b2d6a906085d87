import { randomUUID } from 'node:crypto';
import { SESSION_QUEUE } from '../core/session';
import { PodiumError } from '../podium/api';
import { lastOptOutAudits, optOutDrifts } from '../store/opt-out-audits';
import { isOptedOut } from '../store/opt-out-states';
import { recordOptOut } from '../store/opt-outs';
import { eventually } from '../test/support/eventually';
import { JANE, JOHN, MARY, NORTHSIDE, testHash } from '../test/support/received';
import { MINUTE, SessionRig } from '../test/support/session-rig';
import { LANES } from './long-run';

let rig: SessionRig;
beforeAll(async () => (rig = await SessionRig.start()));
afterAll(() => rig?.stop());
afterEach(async () => {
  rig.podium.recover();
  rig.podium.calls.length = 0;
  rig.podium.contacts.length = 0;
  await rig.database.pool.query(
    `truncate opt_outs, opt_out_history, opt_out_mirrors, audit_entries, opt_out_audits, phones_to_audit, opt_out_drifts`,
  );
});

const AT = new Date('2026-07-23T10:00:00Z');
const phones = (count: number) => Array.from({ length: count }, (_, n) => `+14155550${100 + n}`);

/** The ledger knows somebody, as opted out or in again. */
const known = (phone: string, optedOut = true) =>
  recordOptOut(rig.database.pool, {
    ...{
      phone,
      phoneHash: testHash(phone),
      wish: optedOut ? 'opt_out' : 'opt_in',
      source: 'text',
      actor: 'customer',
      rule: null,
    },
    ...{ locationUid: null, messageUid: null, at: AT },
  });

function atPodium(phone: string, optedOutAt: Date | null): void {
  rig.podium.contacts.push({
    ...{ uid: `uid of ${phone}`, name: null, phones: [phone], locationUids: [NORTHSIDE] },
    ...{ conversationUids: [], optedOutAt, updatedAt: null },
  });
}

/** As the schedule starts it. */
const start = () =>
  rig.env.client.workflow.start('optOutAudit', { taskQueue: SESSION_QUEUE, workflowId: randomUUID() });
const audit = async () => (await start()).result();
const last = async () => (await lastOptOutAudits(rig.database.pool)).last;
const underWay = async () => (await lastOptOutAudits(rig.database.pool)).underWay;
const asked = () =>
  rig.podium.calls.filter(({ method }) => method === 'findContact').map(({ args }) => args[0]);

test('finds who drifts, and records what an event of Podium has not told', async () => {
  await known(JANE);
  atPodium(JANE, AT);
  await known(JOHN);
  atPodium(JOHN, null);
  await known(MARY, false);
  atPodium(MARY, new Date(AT.getTime() + 1000));
  await audit();
  expect(await last()).toMatchObject({
    ...{ lookedAt: 3, agreed: 1, mended: 1, notAsked: 0 },
    drifted: { mirror_pending: 1, opted_out_at_podium_only: 1 },
  });
  expect(await isOptedOut(rig.database.pool, MARY)).toBe(true);
  expect(await optOutDrifts(rig.database.pool)).toMatchObject([{ phone: JOHN, reason: 'mirror_pending' }]);
});

test('a phone that Podium gives no answer about costs no other its turn', async () => {
  for (const phone of [JANE, JOHN]) await known(phone);
  rig.podium.fail('findContact', new PodiumError('invalid', '422', { mayHaveHappened: false }), 1);
  await audit();
  expect(await last()).toMatchObject({ lookedAt: 1, agreed: 1, notAsked: 1 });
  expect(new Set(asked()).size).toBe(2);
});

test('a Podium that cannot be asked is left alone for a while, and the other phones wait for it', async () => {
  for (const phone of phones(40)) await known(phone);
  rig.podium.fail('findContact', new PodiumError('not_permitted', '403', { mayHaveHappened: false }));
  const began = await rig.now();
  const handle = await start();
  await eventually('the pause', async () => {
    const { events } = await handle.fetchHistory();
    return events?.some(({ timerStartedEventAttributes: timer }) => timer);
  });
  rig.podium.recover();
  await handle.result();
  expect((await rig.now()) - began).toBeGreaterThan(10 * MINUTE);
  const { agreed, notAsked } = (await last())!;
  expect(agreed + notAsked).toBe(40);
  expect(notAsked).toBeLessThan(25);
});

test('a run that was killed is gone on with by the next one', async () => {
  const all = phones(12);
  for (const phone of all) await known(phone);
  const held = holdFrom(6);
  const handle = await start();
  await eventually('every lane to wait for Podium', () => held.begun === 5 + LANES);
  await handle.terminate('a test');
  held.release();
  await eventually('what was under way to end', async () => (await underWay())?.lookedAt === held.begun);
  expect(held.begun).toBeLessThan(all.length);
  expect(await last()).toBeNull();

  await audit();
  expect(await last()).toMatchObject({ lookedAt: 12, agreed: 12 });
  expect(asked().sort()).toEqual(all);
});

/** From the nth on, questions about contacts wait. */
function holdFrom(nth: number): { begun: number; release: () => void } {
  const { podium } = rig;
  const { findContact } = podium;
  let open: () => void;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const held = {
    begun: 0,
    release: () => {
      podium.findContact = findContact;
      open();
    },
  };
  podium.findContact = async (...args) => {
    held.begun += 1;
    if (held.begun >= nth) await gate;
    return findContact(...args);
  };
  return held;
}
