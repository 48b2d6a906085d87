/**
 * Looks through Podium's conversations for messages that no webhook has brought, location by location.
 * Started by a schedule. What is still to be read stands in the store, so that a call that fails costs its
 * conversation this turn and nothing else, and a run that grows long goes on in the next one.
 */
import { ActivityFailure, continueAsNew, log } from '@temporalio/workflow';
import type { LocationToLookAt } from '../activities/reconciliation-activities';
import { podiumFor, store } from './calls';
import { inLanes, isLong } from './long-run';

interface Counts {
  /** Messages that came in, of customers and of stores. */
  accepted: number;
  quarantined: number;
  /** Calls that Podium refused or did not answer: what they were for is left to the next run. */
  failed: number;
}

/** How far a location has come. */
interface Progress {
  /** Its list has had its turn, also when it could not be read. */
  listed: boolean;
  /** Of the pages that follow those of the list that were read. */
  cursors: string[];
  /** Conversations up to this one have had their turn, also those that could not be read. */
  afterId: number;
}

/** What a run has come to. */
export interface Reconciliation extends Counts {
  /** Looks cover what was said before; ms since 1970. */
  until: number;
  /** Locations are gone through by their uids; this one and those before it are done. */
  after: string;
  locations: number;
  conversations: number;
  /** By uid, of locations behind `after`: a run goes on there, and gives nothing a second turn. */
  progress?: Record<string, Progress>;
}

export async function reconciliation(carried?: Reconciliation): Promise<Reconciliation> {
  const run = carried ?? (await begin());
  for (;;) {
    const locations = await store.nextLocations(run);
    if (locations.length === 0) break;
    await inLanes(locations, (location) => lookAt(run, location));
    if (isLong()) await continueAsNew<typeof reconciliation>(run);
    run.after = locations.at(-1)!.locationUid;
    delete run.progress;
  }
  await store.endReconciliation();
  log.info('Looked for messages that no webhook has brought', { ...run });
  return run;
}

async function begin(): Promise<Reconciliation> {
  const until = await store.lookUntil(Date.now());
  return { until, after: '', locations: 0, conversations: 0, accepted: 0, quarantined: 0, failed: 0 };
}

async function lookAt(run: Reconciliation, { locationUid, listed }: LocationToLookAt): Promise<void> {
  const here: Counts = { accepted: 0, quarantined: 0, failed: 0 };
  const progress = ((run.progress ??= {})[locationUid] ??= { listed, cursors: [], afterId: 0 });
  if (!progress.listed) {
    await orLater(here, () => listConversations(locationUid, run.until, progress));
    progress.listed ||= !isLong();
    if (progress.listed) run.locations += 1;
  }
  while (!isLong()) {
    const ids = await store.nextConversations({ locationUid, afterId: progress.afterId });
    if (ids.length === 0) break;
    for (const id of ids) {
      if (isLong()) break;
      await orLater(here, () => readConversation(here, locationUid, { id, until: run.until }));
      run.conversations += 1;
      progress.afterId = id;
    }
  }
  run.accepted += here.accepted;
  run.quarantined += here.quarantined;
  run.failed += here.failed;
  if (here.accepted + here.quarantined > 0)
    log.warn('Messages were found that no webhook has brought', { locationUid, ...here });
}

/** Reads a location's list to its end, as long as the run has room for it. */
async function listConversations(locationUid: string, until: number, progress: Progress): Promise<void> {
  const { cursors } = progress;
  while (!progress.listed && !isLong()) {
    const cursor = cursors.at(-1) ?? null;
    const next = await podiumFor(locationUid, 'audit').listConversations({ locationUid, until, cursor });
    if (next !== null && !cursors.includes(next)) cursors.push(next);
    else progress.listed = true; // its end, or pages that go round in a circle
  }
}

async function readConversation(
  here: Counts,
  locationUid: string,
  conversation: { id: number; until: number },
): Promise<void> {
  for (let more = true; more;) {
    const page = await podiumFor(locationUid, 'audit').readConversation(conversation);
    here.accepted += page.accepted;
    here.quarantined += page.quarantined;
    more = page.more;
  }
}

/** A call that fails for good is told, and costs what it was for its turn. */
async function orLater(here: Counts, look: () => Promise<void>): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    here.failed += 1;
    log.warn('Podium could not be looked through; the next run tries again', {
      problem: error.cause?.message,
    });
  }
}
