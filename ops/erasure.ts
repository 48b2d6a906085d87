/**
 * Erases a person: what Temporal, the database and the file store hold. The suppression comes first, so that a crash
 * in the middle opens no door; then what the rows lead to; then the rows; then the contents of files, of which the
 * receipt keeps the ids until they are gone. It may be run again after any crash.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { phoneHash, sessionWorkflowId } from '../core/ids';
import type { Pool } from '../store/database';
import {
  beginErasure,
  eraseRows,
  finishErasure,
  readErasure,
  unfinishedErasure,
  withdrawSessions,
  type Erasure,
} from '../store/erasures';
import type { FileStore } from '../store/files/file-store';
import { countHeld, eventsOf, placesOf, type Counts, type Person } from '../store/personal-data';
import { blockOf } from '../store/opt-out-states';
import { checkSuppressionKeys } from '../store/suppressions';
import { deleteHistories } from './session-histories';

export interface ErasureTools {
  pool: Pool;
  client: Client;
  files: FileStore;
  /** The first one is the audit's. */
  idKeys: readonly string[];
}

/** What an erasure would take, and what would stay. */
export interface ErasurePreview {
  /** Rows by table. */
  held: Counts;
  /** Whether there is nothing to erase. */
  nothing: boolean;
  /** Whether nothing may be sent to the phone afterwards. */
  suppressed: boolean;
  /** Since when an erasure is not finished; null for none. */
  unfinished_since: string | null;
}

/** The receipt: no phone, and nothing by which it could be found without a key. */
export interface ErasureReceipt {
  id: string;
  at: string;
  finished_at: string;
  actor: string;
  suppressed: boolean;
  /** Rows by table, and `temporal_runs`, `file_contents`. */
  counts: Counts;
  at_podium: string;
}

const AT_PODIUM =
  "Nothing was deleted at Podium: its contact, conversations and opt-out are the store's. Delete the contact there as " +
  'well, or what Podium tells of it later is stored anew.';

/** A relay's lease, and some more. */
const RELAY_ENDS_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 250;
/** Somebody who keeps writing meanwhile. */
const MOST_TRIES = 5;

export async function previewErasure(pool: Pool, person: Person): Promise<ErasurePreview> {
  await checkSuppressionKeys(pool);
  const unfinished = await unfinishedErasure(pool, person.phone);
  const held = await countHeld(pool, person);
  return {
    ...{ held, nothing: Object.keys(held).length === 0 && unfinished === null },
    suppressed: (await blockOf(pool, person.phone)) !== null,
    unfinished_since: unfinished?.at.toISOString() ?? null,
  };
}

/**
 * Erases all of a person, and goes on with an erasure that was not finished.
 * @param actor as declared
 * @param tell hears what is about to be done, in words, without the phone
 * @throws what is in the way; what was told last is not done then, nor what would follow
 */
export async function erasePerson(
  tools: ErasureTools,
  person: Person,
  actor: string,
  tell: (step: string) => void,
): Promise<ErasureReceipt> {
  const { pool, client, files, idKeys } = tools;
  await checkSuppressionKeys(pool);
  const { phone } = person;
  const hash = phoneHash(phone, idKeys[0]!);
  tell('Keeping what has to survive …');
  const begun = await beginErasure(pool, { phone, phoneHash: hash, actor });
  tell('Deleting histories in Temporal, then rows …');
  const { workflowIds, runs } = await eraseHistoriesAndRows(tools, person, begun, { phoneHash: hash, actor });
  tell('Looking into Temporal once more …'); // for what a worker or a relay had in hand
  const late = await deleteHistories(client, workflowIds);
  tell('Deleting the contents of files …');
  const { fileIds } = await readErasure(pool, begun.id);
  for (const id of fileIds) await files.delete(id);
  await finishErasure(pool, begun.id, { temporal_runs: runs + late, file_contents: fileIds.length });
  return receipt(await readErasure(pool, begun.id));
}

/** @returns how many runs were deleted, and of which workflows */
async function eraseHistoriesAndRows(
  { pool, client, idKeys }: ErasureTools,
  person: Person,
  begun: Erasure,
  by: { phoneHash: string; actor: string },
): Promise<{ workflowIds: string[]; runs: number }> {
  const { phone } = person;
  let runs = 0;
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    await withdrawn(pool, phone);
    const events = await eventsOf(pool, person);
    const places = await placesOf(pool, phone, events.ids);
    const byKeys = places.locationUids.flatMap((uid) =>
      idKeys.map((key) => sessionWorkflowId(phone, uid, key)),
    );
    const workflowIds = [...new Set([...begun.workflowIds, ...places.workflowIds, ...byKeys])];
    runs += await deleteHistories(client, workflowIds);
    if (await eraseRows(pool, person, { id: begun.id, ...by }, { events, workflowIds }))
      return { workflowIds, runs };
  }
  throw new Error('The customer keeps writing, and a session begins anew each time.');
}

async function withdrawn(pool: Pool, phone: string): Promise<void> {
  const until = Date.now() + RELAY_ENDS_WITHIN_MS;
  while (!(await withdrawSessions(pool, phone))) {
    if (Date.now() > until) throw new Error('A relay keeps signalling to a session of this customer.');
    await delay(LOOK_EVERY_MS);
  }
}

function receipt({ id, at, finishedAt, actor, suppressed, counts }: Erasure): ErasureReceipt {
  const finished_at = finishedAt!.toISOString();
  return { id, at: at.toISOString(), finished_at, actor, suppressed, counts, at_podium: AT_PODIUM };
}
