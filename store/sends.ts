/** What the door has decided about a send, and what became of it. */
import { writeAudit, type AuditEntry, type AuditKind } from './audit';
import { lockPhones, transaction, type Pool, type Queryable } from './database';
import { failAsReported } from './failures';
import { showReplies } from './widget-replies';

type SendStatus = 'intent' | 'sent' | 'failed' | 'blocked' | 'refused' | 'not_sent';

export interface SendRow {
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

/** Of a send that the ledger blocks. */
export const BLOCK_CODES = { opted_out: 'ERR_WEBCHAT_009', undecided: 'ERR_WEBCHAT_018' } as const;

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

/** Does something with a send under the lock of its phone. */
export async function settle<T>(
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

export async function readSend(client: Queryable, sendId: string): Promise<SendRow | undefined> {
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

async function knownSend(client: Queryable, sendId: string): Promise<SendRow> {
  const send = await readSend(client, sendId);
  if (!send) throw new Error(`Send ${sendId} never came to the door.`);
  return send;
}

/** What did not arrive has left all the same, and stays failed. */
export async function writeSent(
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
  if (message.conversationUid !== null) await learnConversation(client, send, message.conversationUid);
  await writeSendAudit(client, sendId, send, 'send_sent', { message: messageUid });
  if (messageUid === null) return;
  if (send.messageUid === messageUid) await failAsReported(client, [{ sendId, messageUid }]);
  else if (send.uncertain) await writeDoubled(client, sendId, send, messageUid, send.messageUid);
}

/** Where a text has made the conversation, what is written later knows it by the session's row, and need not ask Podium. */
async function learnConversation(
  client: Queryable,
  { phone, locationUid }: SendRow,
  conversationUid: string,
): Promise<void> {
  await client.query(
    `update sessions set conversation_uid = $3
      where phone_e164 = $1 and location_uid = $2 and conversation_uid is null`,
    [phone, locationUid, conversationUid],
  );
}

/** An attempt that was not to be found, and so was made again, has come through after all. */
export async function writeDoubled(
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

export async function writeSendAudit(
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
