/** Events of the inbox: judged anew by an operator, or given by hand. */
import { failure } from '../core/error-codes';
import type { Failure, PodiumEvent, Verdict } from '../core/events';
import { withCountry } from '../core/locations';
import type { Settings } from '../core/settings';
import { judge, quarantined } from '../core/verdict';
import { wordsByCountry } from '../core/wish-words';
import { readStoredEvent } from '../podium/stored-event';
import { readEvent } from '../podium/webhook-event';
import type { Pool } from '../store/database';
import { receive, releaseQuarantined } from '../store/inbox';
import type { ReceiveContext } from '../store/receive-context';
import { findEvent, noteEventAct } from '../store/inbox-lists';
import { listLocations } from '../store/locations';
import { storableKey } from '../store/text';

export interface EventTools {
  pool: Pool;
  settings: Settings;
  context: ReceiveContext;
  actor: string;
}

/** What became of an event, or would become of it. */
export interface Replay {
  id: number;
  /** `unchanged`: it was not in quarantine, or stays there. */
  outcome: 'released' | 'would_be_released' | 'unchanged';
  /** Why it is unchanged. */
  failure: Failure | null;
  /** Of a released one: what somebody has to be told of at once. */
  alarm: Failure | null;
}

/** What no other verdict can mend: their bytes do not tell enough. */
const FOR_PEOPLE = [
  failure('ERR_WHK_011', { hint: 'Look into Podium for the message itself.' }),
  failure('ERR_WHK_013'),
];

/**
 * Judges quarantined events anew, by the locations and settings of now, in the order of their ids. What can be used
 * takes effect as if it came now; the others stay as they are. Run twice, nothing happens twice.
 */
export async function replayEvents(tools: EventTools, ids: number[], dryRun: boolean): Promise<Replay[]> {
  const judgeEvent = await judgeOfNow(tools);
  const replays: Replay[] = [];
  for (const id of [...new Set(ids)].sort((one, other) => one - other))
    replays.push(await replay(tools, id, judgeEvent, dryRun));
  return replays;
}

async function replay(
  { pool, context, actor }: EventTools,
  id: number,
  judgeEvent: (event: PodiumEvent) => Verdict,
  dryRun: boolean,
): Promise<Replay> {
  const stored = await findEvent(pool, id);
  const unchanged = (why: Failure): Replay => ({ id, outcome: 'unchanged', failure: why, alarm: null });
  if (!stored) return unchanged(NO_EVENT);
  if (stored.status !== 'quarantined') return unchanged(inWords(stored.status));
  const forPeople = FOR_PEOPLE.find(({ code }) => code === stored.code);
  if (forPeople) return unchanged(forPeople);
  const read = readStoredEvent(stored.raw, stored.contract);
  if (!read.ok) return unchanged(read.failure);
  const verdict = judgeEvent(read.event);
  if (verdict.kind === 'quarantined') return unchanged(verdict.failure);
  if (dryRun) return { id, outcome: 'would_be_released', failure: null, alarm: null };
  const judged = { id, event: read.event, receivedAt: stored.receivedAt, verdict };
  const [outcome] = await releaseQuarantined(pool, [judged], context, {
    async note(client, [released]) {
      if (released!.status === 'duplicate') return;
      await noteEventAct(client, 'event_replayed', { event: id, ...whose(verdict, context), actor });
    },
  });
  if (outcome!.status === 'duplicate') return unchanged(inWords('released'));
  return { id, outcome: 'released', failure: null, alarm: outcome!.alarm ?? null };
}

function whose(verdict: Verdict, context: ReceiveContext) {
  if (!('phone' in verdict)) return { phoneHash: null, locationUid: null };
  const { phone, locationUid } = verdict;
  return { phoneHash: phone === null ? null : context.auditHash(phone), locationUid };
}

export const NO_EVENT: Failure = {
  code: 'ERR_OPS_NO_EVENT',
  message: 'There is no event with this id.',
  hint: '"events list" shows the ids. Events are deleted after retention.messages_days.',
};

const inWords = (status: string): Failure => ({
  code: 'ERR_OPS_NOT_QUARANTINED',
  message: `The event is ${status}, and not in quarantine.`,
  hint: 'Nothing to do: only what is in quarantine has taken no effect.',
});

export interface Ingestion {
  event_id: string;
  event_type: string;
  status: 'accepted' | 'duplicate' | 'ignored' | 'quarantined' | 'would_be_accepted' | 'would_be_quarantined';
  error: Failure | null;
}

/** Takes a payload as if a webhook had brought it now; the same one again is a duplicate. @param raw in either contract's shape */
export async function ingestEvent(tools: EventTools, raw: Buffer, dryRun: boolean): Promise<Ingestion> {
  const read = readEvent(raw);
  const { event } = read;
  const judgeEvent = await judgeOfNow(tools);
  const verdict = read.ok ? judgeEvent(event) : quarantined(read.failure);
  const named = { event_id: event.eventId, event_type: event.eventType };
  const why = verdict.kind === 'quarantined' ? verdict.failure : null;
  if (dryRun) return { ...named, status: why ? 'would_be_quarantined' : 'would_be_accepted', error: why };
  const { pool, context, actor } = tools;
  const act = { event: storableKey(event.eventId), ...whose(verdict, context), actor };
  const [outcome] = await receive(pool, [{ event, verdict, raw, receivedAt: new Date() }], context, {
    note: (client, [taken]) => noteEventAct(client, 'event_ingested', { ...act, status: taken!.status }),
  });
  return { ...named, status: outcome!.status, error: outcome!.failure ?? null };
}

/** @throws when no list of locations was ever read: every store would be taken for unknown */
async function judgeOfNow({ pool, settings }: EventTools): Promise<(event: PodiumEvent) => Verdict> {
  const { country_overrides: overrides } = settings.locations;
  const stored = await listLocations(pool);
  if (stored.length === 0)
    throw new Error('No list of locations was ever read from Podium: "locations refresh" reads it.');
  const locations = new Map(stored.map((location) => [location.uid, withCountry(location, overrides)]));
  const wordsFor = wordsByCountry(settings.optout);
  return (event) => judge(event, (uid) => locations.get(uid), wordsFor);
}
