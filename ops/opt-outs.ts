/** What an operator can see of an opt-out: the ledger, and how far Podium knows of it. */
import { writeAct } from '../store/audit';
import type { Pool, Queryable } from '../store/database';
import { mirrorOf, retryMirror, retryUntold, type MirrorState } from '../store/opt-out-mirrors';
import {
  optedOutSince,
  optOutRecords,
  optOutState,
  type OptOutSource,
  type Wish,
} from '../store/opt-out-states';
import { iso } from './operation';

/** Times in ISO form. */
export interface OptOutReport {
  opted_out: boolean;
  /** Who said so, and when: of an opt-out that was said several times, first. */
  source: OptOutSource | null;
  recorded_at: string | null;
  /** Counts the changes of the state. */
  version: number;
  /** Since when sends are suppressed until somebody has decided about a wish in other words; null when none waits. */
  undecided_since: string | null;
  /** Podium is being asked whether an opt-out that it told of shortly after the opt-in is one; sends wait. */
  unsettled: boolean;
  /** How far Podium knows; null when there is nothing for it to know. It decides about no send. */
  podium: MirrorReport | null;
}

export interface MirrorReport {
  state: MirrorState;
  told_at: string | null;
  not_permitted_since: string | null;
  last_attempt_at: string | null;
  attempts: number;
  location_uid: string | null;
  error_code: string | null;
}

export interface OptOutHistoryReport {
  wish: Wish;
  /** False when a later change was known already. */
  applied: boolean;
  /** Of the state after it. */
  version: number;
  /** The channel, or who else told of it. */
  source: OptOutSource;
  actor: string;
  rule: string | null;
  location_uid: string | null;
  message_uid: string | null;
  /** What it rests on, as declared. */
  proof: string | null;
  /** By Podium's clock; by ours where it gave no time. */
  at: string;
  /** By ours. */
  written_at: string;
}

/** Whether a phone (E.164) is opted out, and whether Podium knows. */
export async function checkOptOut(pool: Pool, phone: string): Promise<OptOutReport> {
  const [state, since, mirror] = await Promise.all([
    optOutState(pool, phone),
    optedOutSince(pool, phone),
    mirrorOf(pool, phone),
  ]);
  return {
    opted_out: state?.optedOut ?? false,
    source: state?.source ?? null,
    recorded_at: iso(since ?? state?.recordedAt ?? null),
    version: state?.version ?? 0,
    undecided_since: state?.undecidedAt?.toISOString() ?? null,
    unsettled: state?.unsettled ?? false,
    podium: mirror && {
      state: mirror.state,
      told_at: iso(mirror.toldAt),
      not_permitted_since: iso(mirror.notPermittedSince),
      last_attempt_at: iso(mirror.lastAttemptAt),
      attempts: mirror.attempts,
      location_uid: mirror.locationUid,
      error_code: mirror.errorCode,
    },
  };
}

/** Everything that ever wanted to change the state of a phone, the oldest first. */
export async function optOutHistory(pool: Pool, phone: string): Promise<OptOutHistoryReport[]> {
  return (await optOutRecords(pool, phone)).map((record) => ({
    wish: record.wish,
    applied: record.applied,
    version: record.version,
    source: record.source,
    actor: record.actor,
    rule: record.rule,
    location_uid: record.locationUid,
    message_uid: record.messageUid,
    proof: record.proof,
    at: record.at.toISOString(),
    written_at: record.writtenAt.toISOString(),
  }));
}

/**
 * Has Podium told again what it did not permit or refused, and what nobody tells it: of one phone, or, with
 * null, of one phone of each store that it did not permit, whose others follow once it is taken.
 * @param by who wants it, and the audit's name for the phone, where it is one
 * @returns how many are tried
 */
export async function retryMirrors(
  pool: Pool,
  phone: string | null,
  by: { actor: string; phoneHash: string | null },
): Promise<number> {
  const note = (client: Queryable, tried: number) =>
    writeAct(client, { kind: 'mirrors_retried', ...by, details: { tried } });
  return phone === null ? retryUntold(pool, note) : Number(await retryMirror(pool, phone, note));
}
