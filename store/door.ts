/**
 * The door: every message that wants to leave passes it, and every attempt to send is let through
 * by itself. It shares the phone's lock with the opt-outs.
 */
import { isAutomatic, isHoldCode, PAUSED, type HoldCode } from '../core/robot';
import { clockBehind } from './clock';
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { isPermitted } from './opt-out-permits';
import { blockOf, type SendBlock } from './opt-out-states';
import { isPaused } from './robot-pauses';
import { BLOCK_CODES, readSend, writeSendAudit, type SendRow } from './sends';
import { bodyHash } from './text';
import { isVoid } from './void-sends';
import { noteReply } from './widget-replies';

/** A message that wants to leave. */
export interface WantedSend {
  /** UUID made by the sender, so that a retry is the same send. */
  sendId: string;
  phone: string;
  /** The audit's name for the phone. */
  phoneHash: string;
  locationUid: string;
  workflowId: string | null;
  conversationUid: string | null;
  /** What it is for, as `greeting`. */
  purpose: string;
  body: string;
  /** By Postgres's clock. */
  now: Date;
  /** Why the settings hold it back; null, or left out, when they do not. */
  heldBack?: HoldCode | null;
  /** Since when it waits, where it does so in the store: an opt-out after that has voided it. */
  wantedAt?: Date;
}

/** What is known of a send's attempts. */
export interface Attempts {
  /** How many the door has let through. */
  count: number;
  /** Since when one of unknown outcome may have left: read the conversation before sending again. Null for none. */
  unknownSince: Date | null;
  /** By how many ms our clock is behind Postgres's. */
  clockBehindMs: number;
}

export type Door =
  | {
      kind: 'open';
      /** 1 for the first. */
      attempt: number;
      /** Of the first attempt that may have left; this one, where none has. */
      since: Date;
    }
  /** Another attempt has passed since `lookBack`, and may be on the wire. */
  | { kind: 'overtaken' }
  /** The phone is opted out, now or since this send was wanted first. */
  | { kind: 'blocked' }
  /** Podium is being asked whether the phone is opted out: a later attempt knows. */
  | { kind: 'unsettled' }
  /** `at` is Podium's time of it; where that is not known, that of the attempt, so never a later one. `since` as above. */
  | { kind: 'already_sent'; messageUid: string | null; at: Date; since: Date }
  /** For good: the robot is paused here, or has its quiet hours. */
  | { kind: 'held'; code: HoldCode }
  /**
   * For good: by Podium earlier, since the location is unknown or archived, or since a person is to decide whether the
   * customer wants no more messages.
   */
  | { kind: 'refused'; code: string };

/** Reads what is known of earlier attempts, for what has to be looked up in Podium before the door is passed. */
export async function lookBack(pool: Pool, sendId: string): Promise<Attempts> {
  const [send, clockBehindMs] = await transaction(pool, (client) =>
    Promise.all([readSend(client, sendId), clockBehind(client)]),
  );
  const unknownSince = send?.status === 'intent' ? send.intendedAt : null;
  return { count: send?.attempts ?? 0, unknownSince, clockBehindMs };
}

/**
 * Decides about one attempt, and writes the decision before anything leaves: an intent, or why not.
 * Only after `open` may Podium be called, and at once: what is slow comes before the door.
 * Throws when the store is away, and then nothing may leave either.
 * @param attemptsSeen by `lookBack`: with more of them by now, what was looked up is out of date
 */
export async function openDoor(pool: Pool, send: WantedSend, attemptsSeen: number): Promise<Door> {
  return transaction(pool, async (client) => {
    await lockPhones(client, [send.phone]);
    const earlier = await readSend(client, send.sendId);
    if (earlier?.status === 'sent' || earlier?.status === 'failed') {
      const { messageUid, sentAt, intendedAt } = earlier;
      return { kind: 'already_sent', messageUid, at: sentAt ?? intendedAt, since: intendedAt };
    }
    if (earlier?.status === 'refused') return refused(earlier.code ?? '');
    if (earlier?.status === 'blocked') return shut(earlier.code);
    const attempts = earlier?.attempts ?? 0;
    if (attempts !== attemptsSeen) return { kind: 'overtaken' };
    const block = await blockOf(client, send.phone);
    if (block === 'unsettled') return { kind: 'unsettled' };
    if (!(await mayLeave(client, send, earlier, block))) {
      const code = BLOCK_CODES[block ?? 'opted_out'];
      await writeDecision(client, send, earlier, 'blocked', code);
      return shut(code);
    }
    if (!(await isServed(client, send.locationUid))) {
      await writeDecision(client, send, earlier, 'refused', 'ERR_WEBCHAT_003');
      return refused('ERR_WEBCHAT_003');
    }
    const hold = await holdOf(client, send);
    if (hold !== null) {
      await writeDecision(client, send, earlier, 'refused', hold);
      return refused(hold);
    }
    await writeDecision(client, send, earlier, 'intent', null);
    await noteReply(client, send);
    const since = isUncertain(earlier) ? earlier!.intendedAt : send.now;
    return { kind: 'open', attempt: attempts + 1, since };
  });
}

const shut = (code: string | null): Door =>
  code === BLOCK_CODES.undecided ? { kind: 'refused', code } : { kind: 'blocked' };

const refused = (code: string): Door =>
  isHoldCode(code) ? { kind: 'held', code } : { kind: 'refused', code };

/** A pause that somebody ends later does not let go what was held back: it would be an answer out of time. */
async function holdOf(
  client: Queryable,
  { purpose, locationUid, heldBack }: WantedSend,
): Promise<HoldCode | null> {
  if (isAutomatic(purpose) && (await isPaused(client, locationUid))) return PAUSED;
  return heldBack ?? null;
}

/**
 * The confirmation of an opt-out leaves by its permit alone, and once: another attempt only where it is certain that
 * the one before did not. All else leaves where nothing blocks the phone, and no opt-out has come since it was wanted:
 * who opts in again has not asked for what waited before.
 */
async function mayLeave(
  client: Queryable,
  send: WantedSend,
  earlier: SendRow | undefined,
  block: SendBlock | null,
): Promise<boolean> {
  if (send.purpose === 'opt_out_confirmation') {
    const hasNotLeft = earlier === undefined || (earlier.status === 'not_sent' && !earlier.uncertain);
    return block === 'opted_out' && hasNotLeft && (await isPermitted(client, send));
  }
  return block === null && !earlier?.voided && !(await isVoid(client, send));
}

async function isServed(client: Queryable, locationUid: string): Promise<boolean> {
  const { rowCount } = await client.query('select from locations where uid = $1 and not archived', [
    locationUid,
  ]);
  return rowCount === 1;
}

/** Whether an attempt so far may have left. */
const isUncertain = (earlier: SendRow | undefined) =>
  earlier?.uncertain === true || earlier?.status === 'intent';

async function writeDecision(
  client: Queryable,
  send: WantedSend,
  earlier: SendRow | undefined,
  status: 'intent' | 'blocked' | 'refused',
  code: string | null,
): Promise<void> {
  const attempts = (earlier?.attempts ?? 0) + (status === 'intent' ? 1 : 0);
  const uncertain = isUncertain(earlier);
  await client.query(
    `insert into sends (id, phone_e164, phone_hash, location_uid, workflow_id, conversation_uid, purpose,
                        body_hash, status, attempts, uncertain, error_code, intended_at, settled_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, case when $9 = 'intent' then null else now() end)
     on conflict (id) do update set status = excluded.status, attempts = excluded.attempts,
       uncertain = excluded.uncertain, error_code = excluded.error_code, settled_at = excluded.settled_at,
       intended_at = case when excluded.uncertain then sends.intended_at else excluded.intended_at end`,
    [
      send.sendId,
      send.phone,
      send.phoneHash,
      send.locationUid,
      send.workflowId,
      send.conversationUid,
      send.purpose,
      bodyHash(send.body),
      status,
      attempts,
      uncertain,
      code,
      send.now,
    ],
  );
  const kind = ({ intent: 'send_intended', blocked: 'send_blocked', refused: 'send_refused' } as const)[
    status
  ];
  // A call that may be on the wire already is named as such.
  await writeSendAudit(client, send.sendId, { ...send, attempts }, kind, {
    purpose: send.purpose,
    code,
    earlierAttemptUnknown: uncertain,
  });
}
