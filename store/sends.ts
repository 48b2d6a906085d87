/**
 * The door: every message that wants to leave passes it, and every attempt to send is let through
 * by itself. It shares the phone's lock with the opt-outs.
 */
import { isAutomatic, isHoldCode, PAUSED, type HoldCode } from '../core/robot';
import { writeAudit, type AuditEntry, type AuditKind } from './audit';
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { failAsReported } from './failures';
import { isPermitted } from './opt-out-permits';
import { isPaused } from './robot-pauses';
import { blockOf, type SendBlock } from './opt-out-states';
import { bodyHash } from './text';
import { isVoid } from './void-sends';
import { noteReply, showReplies } from './widget-replies';

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
  /** `at` is Podium's time of it; where that is not known, that of the attempt, so never a later one. */
  | { kind: 'already_sent'; messageUid: string | null; at: Date }
  /** For good: the robot is paused here, or has its quiet hours. */
  | { kind: 'held'; code: HoldCode }
  /**
   * For good: by Podium earlier, since the location is unknown or archived, or since a person is to decide whether the
   * customer wants no more messages.
   */
  | { kind: 'refused'; code: string };

export type SendOutcome =
  | {
      kind: 'sent';
      messageUid: string | null;
      conversationUid: string | null;
      /** Podium's time of the message. */
      at: Date;
    }
  /** Podium will never take it. */
  | { kind: 'refused'; code: string }
  /** It is certain that nothing left; the next attempt needs no reading. `code` says why, where it is known. */
  | { kind: 'not_sent'; code?: string }
  /** It may have left. */
  | { kind: 'unknown' };

type SendStatus = 'intent' | 'sent' | 'failed' | 'blocked' | 'refused' | 'not_sent';

interface SendRow {
  phone: string;
  phoneHash: string;
  locationUid: string;
  workflowId: string | null;
  status: SendStatus;
  attempts: number;
  uncertain: boolean;
  /** An opt-out came while it waited, or was on the wire. */
  voided: boolean;
  messageUid: string | null;
  code: string | null;
  intendedAt: Date;
  sentAt: Date | null;
}

/** Reads what is known of earlier attempts, for what has to be looked up in Podium before the door is passed. */
export async function lookBack(pool: Pool, sendId: string): Promise<Attempts> {
  const send = await readSend(pool, sendId);
  return { count: send?.attempts ?? 0, unknownSince: send?.status === 'intent' ? send.intendedAt : null };
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
      return { kind: 'already_sent', messageUid, at: sentAt ?? intendedAt };
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

const BLOCK_CODES = { opted_out: 'ERR_WEBCHAT_009', undecided: 'ERR_WEBCHAT_018' } as const;

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

/**
 * Writes what became of an attempt. What is known to be sent stays sent. The phone is locked, so that
 * an echo that is just being received finds either the intent or the message's uid.
 */
export async function settleSend(pool: Pool, sendId: string, outcome: SendOutcome): Promise<void> {
  await settle(pool, sendId, async (client, send) => {
    switch (outcome.kind) {
      case 'sent':
        return writeSent(client, sendId, outcome);
      case 'refused':
        await writeOutcome(client, sendId, 'refused', outcome.code);
        return writeSendAudit(client, sendId, send, 'send_refused', { code: outcome.code });
      case 'not_sent':
        await writeNotSent(client, sendId, send);
        return writeSendAudit(
          client,
          sendId,
          send,
          'send_not_sent',
          outcome.code ? { code: outcome.code } : {},
        );
      case 'unknown':
        return writeSendAudit(client, sendId, send, 'send_outcome_unknown', {});
    }
  });
}

/** A message in a conversation that has the words of a send and is no older than it. */
export interface Candidate {
  uid: string | null;
  /** Podium's time of it; null where it gives none. */
  at: Date | null;
  conversationUid: string;
}

/** What was read in search of a send, for the audit. */
export interface Reading {
  conversationUids: string[];
  /** How many messages were looked at. */
  messages: number;
}

/**
 * Settles a send of unknown outcome by what its conversation holds, or those that may be it: takes the first of the candidates that is
 * no other send's, and says in the audit what was found.
 * @returns the message that it turned out to be, or null when there is none for it
 */
export async function settleAsFound(
  pool: Pool,
  sendId: string,
  candidates: Candidate[],
  { conversationUids, messages }: Reading,
): Promise<Candidate | null> {
  return settle(pool, sendId, async (client, send) => {
    const free = await freeCandidates(client, sendId, send, candidates);
    const known = candidates.find(({ uid }) => uid !== null && uid === send.messageUid);
    const found = known ?? free[0] ?? null;
    const conversation = found?.conversationUid ?? conversationUids.join(' ');
    const details = { conversation, messages, message: found?.uid ?? null };
    await writeSendAudit(client, sendId, send, found ? 'send_found' : 'send_not_found', details);
    if (!found) return null;
    await writeSent(client, sendId, { ...found, messageUid: found.uid });
    // Two attempts came through, and both are there.
    if (send.uncertain) await noteDoubles(client, sendId, send, found.uid, free);
    return found;
  });
}

/**
 * Those of the candidates that may be this send's, the oldest first. Not those of other sends; and of the ones
 * that are older than it by our clock, which Podium's need not follow, one less for each earlier send of the
 * same words that waits for its message too.
 */
async function freeCandidates(
  client: Queryable,
  sendId: string,
  { intendedAt }: SendRow,
  candidates: Candidate[],
): Promise<Candidate[]> {
  const { rows } = await client.query<{ taken: string[]; rivals: number }>(
    `select array(select message_uid from sends where message_uid = any($2)) as taken,
            (select count(*)::int from sends one join sends other using (phone_e164, location_uid, body_hash)
              where one.id = $1 and other.id <> $1 and other.message_uid is null and other.attempts > 0
                and (other.uncertain or other.status not in ('refused', 'not_sent')) and other.intended_at < one.intended_at) as rivals`,
    [sendId, candidates.flatMap(({ uid }) => uid ?? [])],
  );
  const { taken, rivals } = rows[0]!;
  const free = candidates
    .filter(({ uid }) => uid === null || !taken.includes(uid))
    .sort((one, other) => (one.at?.getTime() ?? 0) - (other.at?.getTime() ?? 0));
  const early = free.filter(({ at }) => at !== null && at < intendedAt);
  return free.filter((each) => !early.slice(0, rivals).includes(each));
}

async function noteDoubles(
  client: Queryable,
  sendId: string,
  send: SendRow,
  messageUid: string | null,
  found: Candidate[],
): Promise<void> {
  for (const { uid } of found)
    if (uid !== null && uid !== messageUid) await writeDoubled(client, sendId, send, uid, messageUid);
}

async function settle<T>(
  pool: Pool,
  sendId: string,
  work: (client: Queryable, send: SendRow) => Promise<T>,
): Promise<T> {
  return transaction(pool, async (client) => {
    const { phone } = await knownSend(client, sendId);
    await lockPhones(client, [phone]);
    return work(client, await knownSend(client, sendId));
  });
}

async function knownSend(client: Queryable, sendId: string): Promise<SendRow> {
  const send = await readSend(client, sendId);
  if (!send) throw new Error(`Send ${sendId} never came to the door.`);
  return send;
}

async function readSend(client: Queryable, sendId: string): Promise<SendRow | undefined> {
  const { rows } = await client.query<SendRow>(
    `select phone_e164 as phone, phone_hash as "phoneHash", location_uid as "locationUid",
            workflow_id as "workflowId", status, attempts, uncertain, voided_at is not null as voided,
            message_uid as "messageUid",
            error_code as code, intended_at as "intendedAt", sent_at as "sentAt"
       from sends where id = $1`,
    [sendId],
  );
  return rows[0];
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

/** What did not arrive has left all the same, and stays failed. */
async function writeSent(
  client: Queryable,
  sendId: string,
  message: { messageUid: string | null; conversationUid: string | null; at: Date | null },
): Promise<void> {
  const { messageUid } = message;
  // Of two sends with the same body, the echo of one may have been taken for the other: no uid counts twice.
  await client.query(
    `update sends set status = case when status = 'failed' then status else 'sent' end,
       settled_at = coalesce(settled_at, now()), error_code = case when status = 'failed' then error_code end,
       conversation_uid = coalesce($3, conversation_uid), sent_at = coalesce(sent_at, $4),
       message_uid = coalesce(message_uid, (select $2 where not exists (select from sends where message_uid = $2)))
     where id = $1`,
    [sendId, messageUid, message.conversationUid, message.at],
  );
  await showReplies(client, [sendId]);
  const send = await knownSend(client, sendId);
  await writeSendAudit(client, sendId, send, 'send_sent', { message: messageUid });
  if (messageUid === null) return;
  if (send.messageUid === messageUid) await failAsReported(client, [{ sendId, messageUid }]);
  else if (send.uncertain) await writeDoubled(client, sendId, send, messageUid, send.messageUid);
}

/** An attempt that was not to be found, and so was made again, has come through after all. */
async function writeDoubled(
  client: Queryable,
  sendId: string,
  send: SendRow,
  messageUid: string,
  besides: string | null,
): Promise<void> {
  await writeSendAudit(
    client,
    sendId,
    send,
    'send_doubled',
    { message: messageUid, besides },
    `send_doubled:${sendId}:${messageUid}`,
  );
}

/** An attempt before this one may still have left. What is void has no next attempt. */
async function writeNotSent(
  client: Queryable,
  sendId: string,
  { uncertain, voided }: SendRow,
): Promise<void> {
  if (uncertain) return writeOutcome(client, sendId, 'intent', null);
  if (voided) return writeOutcome(client, sendId, 'blocked', BLOCK_CODES.opted_out);
  return writeOutcome(client, sendId, 'not_sent', null);
}

async function writeOutcome(
  client: Queryable,
  sendId: string,
  status: SendStatus,
  code: string | null,
): Promise<void> {
  await client.query(
    `update sends set status = $2, error_code = $3, settled_at = case when $2 = 'intent' then null else now() end
      where id = $1 and status not in ('sent', 'failed')`,
    [sendId, status, code],
  );
}

async function writeSendAudit(
  client: Queryable,
  sendId: string,
  send: Pick<SendRow, 'phoneHash' | 'locationUid' | 'workflowId' | 'attempts'>,
  kind: AuditKind,
  details: AuditEntry['details'],
  key = `${kind}:${sendId}:${send.attempts}`,
): Promise<void> {
  await writeAudit(client, {
    key,
    kind,
    phoneHash: send.phoneHash,
    locationUid: send.locationUid,
    workflowId: send.workflowId,
    details: { send: sendId, attempt: send.attempts, ...details },
  });
}
