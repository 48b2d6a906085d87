/**
 * What a received event leads to, as far as it depends on the database: the part of the receiving
 * transaction between the lock on the phones and the inbox row. Written for batches: as many
 * statements for 200 events as for one.
 */
import { optedOutWriterNote } from '../core/agent-note';
import type { ContactChange, Failure, PodiumEvent, Verdict } from '../core/events';
import type { SessionMessage } from '../core/session';
import { followContacts, type DatedChange } from './contact-changes';
import type { Queryable } from './database';
import { writeNotes, type NewNote } from './notes';
import { applyOptOut, optedOutAmong, takeBackPodiumOptOut, type OptOutChange } from './opt-outs';
import { ANSWERS_WAIT } from './sessions';
import { bodyHash, storable, storableKey } from './text';

/** An event and what was decided without the database. */
export interface JudgedEvent {
  event: PodiumEvent;
  verdict: Verdict;
  /** When we first received it. */
  receivedAt: Date;
}

export interface ReceiveContext {
  /** Id of the workflow for a session that begins now, by the current key. */
  workflowId(phone: string, locationUid: string): string;
  /** Whether a plain text message begins a session too. */
  startOn: 'webchat' | 'any';
  /** The audit's name for a phone. */
  auditHash(phone: string): string;
}

/** What becomes of the inbox row. */
export interface Effect {
  status: 'pending' | 'recorded' | 'ignored' | 'quarantined';
  failure: Failure | null;
  /** The session that a pending message is for. */
  workflowId: string | null;
  message: Omit<SessionMessage, 'number'> | null;
}

/** A verdict on a message of somebody at a location. */
type Talk = Extract<
  Verdict,
  { locationUid: string; phone: string; kind: 'customer_message' | 'store_message' }
>;

/** A session's row as the batch goes on. */
interface SessionState {
  phone: string;
  locationUid: string;
  workflowId: string;
  open: boolean;
  answersWait: boolean;
  conversationUid: string | null;
  /** Something waits to be signalled to it. */
  due: boolean;
}

const RECORDED: Effect = { status: 'recorded', failure: null, workflowId: null, message: null };
const IGNORED: Effect = { ...RECORDED, status: 'ignored' };

/** Writes the opt-outs among the events. They come first: a STOP counts for all that is in its batch. */
export async function applyOptOuts(
  client: Queryable,
  events: JudgedEvent[],
  context: ReceiveContext,
): Promise<void> {
  for (const event of events) {
    for (const change of optOutChanges(event, context)) await applyOptOut(client, change);
    for (const change of clearedOptOuts(event, context)) await takeBackPodiumOptOut(client, change);
  }
}

/** Decides what becomes of each event, and writes all that follows but the inbox rows themselves. */
export async function takeEffect(
  client: Queryable,
  events: JudgedEvent[],
  context: ReceiveContext,
): Promise<Effect[]> {
  const talks = events.map(({ verdict }) => verdict).filter(isTalk);
  const isPlainText = ({ event, verdict }: JudgedEvent) =>
    verdict.kind === 'customer_message' && !event.webchat && context.startOn === 'webchat';
  const contacts = events.filter(({ verdict }) => verdict.kind === 'contact_changed');
  const [sessions, optedOut, ourOwn, ofOurs] = await Promise.all([
    lockSessions(client, talks, context, events.some(isPlainText)),
    optedOutAmong(
      client,
      talks.map(({ phone }) => phone),
    ),
    claimOurOwn(client, events),
    followContacts(client, contacts.map(datedChange)),
  ]);
  const notes: NewNote[] = [];
  const takenOver: SessionState[] = [];

  const effects = events.map((received): Effect => {
    const { event, verdict } = received;
    if (verdict.kind === 'ignored') return IGNORED;
    if (verdict.kind === 'quarantined')
      return { ...IGNORED, status: 'quarantined', failure: verdict.failure };
    if (verdict.kind === 'contact_changed') {
      const concernsUs = verdict.optOuts.length > 0 || ofOurs[contacts.indexOf(received)];
      return concernsUs ? RECORDED : IGNORED;
    }

    const session = sessions.get(sessionKey(verdict))!;
    if (verdict.kind === 'store_message') {
      if (ourOwn.has(received)) return RECORDED;
      if (event.senderUid === null) return IGNORED; // Podium's own automatic answers silence nobody
      if (session.open) return pending(received, session);
      takenOver.push(session);
      return RECORDED;
    }
    if (verdict.optOut) return RECORDED;
    if (optedOut.has(verdict.phone)) {
      notes.push(optedOutWriter(received, session));
      return RECORDED;
    }
    const mayBegin = event.webchat || context.startOn === 'any' || session.answersWait;
    return session.open || mayBegin ? pending(received, session) : IGNORED;
  });

  await makeDue(
    client,
    [...sessions.values()].filter(({ due }) => due),
  );
  await leaveToAgents(client, takenOver);
  await writeNotes(client, notes);
  return effects;
}

function optOutChanges({ event, verdict, receivedAt }: JudgedEvent, context: ReceiveContext): OptOutChange[] {
  const change = (phone: string, at: Date) => ({
    phone,
    phoneHash: context.auditHash(phone),
    optedOut: true,
    locationUid: event.locationUid && storableKey(event.locationUid),
    messageUid: event.messageUid && storableKey(event.messageUid),
    at: notAfter(at, receivedAt),
  });
  if (verdict.kind === 'contact_changed') {
    return verdict.optOuts.map(({ phone, at }) => ({
      ...change(phone, at),
      ...{ source: 'podium', actor: 'podium', rule: null, contactUid: contactUid(verdict.change) },
    }));
  }
  if (!('optOut' in verdict) || !verdict.optOut || verdict.phone === null) return [];
  return [
    {
      ...change(verdict.phone, event.at ?? receivedAt),
      source: event.webchat ? 'webchat' : 'text',
      actor: 'customer',
      rule: verdict.optOut.rule,
    },
  ];
}

/** Opt-outs that Podium does not hold any more, as an event of a contact tells. */
function clearedOptOuts({ event, verdict, receivedAt }: JudgedEvent, context: ReceiveContext) {
  if (verdict.kind !== 'contact_changed') return [];
  return verdict.cleared.map(({ phone, at, shown }) => ({
    phone,
    phoneHash: context.auditHash(phone),
    locationUid: event.locationUid && storableKey(event.locationUid),
    at: notAfter(at, receivedAt),
    contactUid: contactUid(verdict.change),
    shown,
  }));
}

function datedChange({ event, verdict, receivedAt }: JudgedEvent): DatedChange {
  const { change } = verdict as Extract<Verdict, { kind: 'contact_changed' }>;
  return { change, at: event.at ? notAfter(event.at, receivedAt) : receivedAt };
}

const contactUid = ({ uid }: ContactChange) => uid && storableKey(uid);

/** A clock that runs ahead must not outrank what comes later. */
function notAfter(at: Date, receivedAt: Date): Date {
  return at < receivedAt ? at : receivedAt;
}

/**
 * The sessions of these talks, locked in the one order that everyone keeps: by workflow id.
 * @param lookForAnswers whether a message is among them that begins a session only where answers wait
 */
async function lockSessions(
  client: Queryable,
  talks: Talk[],
  context: ReceiveContext,
  lookForAnswers: boolean,
): Promise<Map<string, SessionState>> {
  const sessions = new Map<string, SessionState>();
  for (const { phone, locationUid } of talks) {
    sessions.set(sessionKey({ phone, locationUid }), {
      phone,
      locationUid,
      workflowId: context.workflowId(phone, locationUid),
      open: false,
      answersWait: false,
      conversationUid: null,
      due: false,
    });
  }
  if (sessions.size === 0) return sessions;
  const keys = [[...sessions.values()].map((s) => s.phone), [...sessions.values()].map((s) => s.locationUid)];
  const [open, waiting] = await Promise.all([
    client.query<{ phone: string; locationUid: string; workflowId: string; open: boolean }>(
      `select phone_e164 as phone, location_uid as "locationUid", workflow_id as "workflowId", status <> 'closed' as open
         from sessions where (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[]))
        order by workflow_id for update`,
      keys,
    ),
    // Behind the lock, so that answers are seen whose session was closed while it was waited for.
    lookForAnswers
      ? client.query<{ phone: string; locationUid: string }>(
          `select phone_e164 as phone, location_uid as "locationUid" from partial_answers
            where (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[])) and ${ANSWERS_WAIT}`,
          keys,
        )
      : { rows: [] },
  ]);
  // A session that runs keeps its id, even if the key of ids has changed meanwhile.
  for (const row of open.rows) if (row.open) Object.assign(sessions.get(sessionKey(row))!, row);
  for (const row of waiting.rows) sessions.get(sessionKey(row))!.answersWait = true;
  return sessions;
}

/**
 * Those events that are of our own doing: the echo of a send, by the message's uid where it is known
 * already, else each claims one send of the same body whose message is not known yet; and what else the
 * sender has written under whom Podium files our sends. Only a known uid tells who that is: the same
 * words may be a person's.
 */
async function claimOurOwn(client: Queryable, events: JudgedEvent[]): Promise<Set<JudgedEvent>> {
  const messages = events.filter(({ verdict }) => verdict.kind === 'store_message');
  if (messages.length === 0) return new Set();
  const uids = messages.map(({ event }) => event.messageUid && storableKey(event.messageUid));
  const talks = messages.map(({ verdict }) => verdict as Talk);
  const { rows } = await client.query<{ place: number }>(
    `with message as (
       select * from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[])
         with ordinality as m(uid, phone_e164, location_uid, body_hash, sender_uid, place)
     ), known as (
       select place, sender_uid from message join sends on sends.message_uid = message.uid
     ), learned as (
       insert into our_senders (sender_uid)
       select distinct sender_uid from known where sender_uid is not null order by 1
       on conflict do nothing
     ), ours as (
       select place from message
        where sender_uid in (select sender_uid from known union all select sender_uid from our_senders)
     ), echo as (
       select *, row_number() over (partition by phone_e164, location_uid, body_hash order by place) as turn
         from message where place not in (select place from known)
     ), awaiting as (
       select id, phone_e164, location_uid, body_hash,
              row_number() over (partition by phone_e164, location_uid, body_hash order by intended_at, id) as turn
         from sends where message_uid is null and attempts > 0 and status not in ('refused', 'not_sent')
          and phone_e164 = any($2)
     ), claimed as (
       update sends set message_uid = echo.uid, status = 'sent', settled_at = coalesce(settled_at, now())
         from echo join awaiting using (phone_e164, location_uid, body_hash, turn)
        where sends.id = awaiting.id
       returning echo.place
     )
     select place from known union select place from claimed union select place from ours`,
    [
      uids,
      talks.map(({ phone }) => phone),
      talks.map(({ locationUid }) => locationUid),
      messages.map(({ event }) => bodyHash(event.text)),
      messages.map(({ event }) => event.senderUid && storableKey(event.senderUid)),
    ],
  );
  return new Set(rows.map(({ place }) => messages[place - 1]!));
}

/**
 * Who wrote to a customer after the close has the conversation from then on: no question waits there any
 * more, so that a session that begins on the customer's reply leaves it to the person.
 */
async function leaveToAgents(client: Queryable, sessions: SessionState[]): Promise<void> {
  if (sessions.length === 0) return;
  await client.query(
    `update partial_answers set state = jsonb_set(state, '{waitingFor}', 'null')
      where (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[]))`,
    [sessions.map(({ phone }) => phone), sessions.map(({ locationUid }) => locationUid)],
  );
}

/** Writes the sessions that have something waiting: new ones, ones that begin again, ones that go on. */
async function makeDue(client: Queryable, sessions: SessionState[]): Promise<void> {
  if (sessions.length === 0) return;
  await client.query(
    `insert into sessions as s (workflow_id, phone_e164, location_uid, conversation_uid, status, relay_due_at)
     select workflow_id, phone, location_uid, conversation_uid, 'active', now()
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as d(workflow_id, phone, location_uid, conversation_uid)
      order by workflow_id
     on conflict (phone_e164, location_uid) do update set
       workflow_id = excluded.workflow_id,
       session_uid = case when s.status = 'closed' then excluded.session_uid else s.session_uid end,
       status = case when s.status = 'closed' then 'active' else s.status end,
       close_reason = null,
       closed_at = null,
       conversation_uid = coalesce(excluded.conversation_uid, s.conversation_uid),
       relay_due_at = coalesce(s.relay_due_at, now()) -- a lease that runs makes it due when it is settled`,
    [
      sessions.map(({ workflowId }) => workflowId),
      sessions.map(({ phone }) => phone),
      sessions.map(({ locationUid }) => locationUid),
      sessions.map(({ conversationUid }) => conversationUid),
    ],
  );
}

function pending({ event, verdict, receivedAt }: JudgedEvent, session: SessionState): Effect {
  const conversationUid = event.conversationUid && storable(event.conversationUid);
  session.open = true;
  session.due = true;
  session.conversationUid = conversationUid ?? session.conversationUid;
  return {
    status: 'pending',
    failure: null,
    workflowId: session.workflowId,
    message: {
      from: verdict.kind === 'store_message' ? 'agent' : 'customer',
      text: storable(event.text),
      at: (event.at ?? receivedAt).getTime(),
      receivedAt: receivedAt.getTime(),
      webchat: event.webchat,
      conversationUid,
      name: event.name && storable(event.name),
      attachments: event.attachments.length,
    },
  };
}

/** One note a day says enough. */
function optedOutWriter({ event, receivedAt }: JudgedEvent, session: SessionState): NewNote {
  return {
    key: `opted_out:${session.phone}:${session.locationUid}:${receivedAt.toISOString().slice(0, 10)}`,
    phone: session.phone,
    locationUid: session.locationUid,
    workflowId: null,
    conversationUid: event.conversationUid && storable(event.conversationUid),
    body: optedOutWriterNote(),
    close: false,
  };
}

function isTalk(verdict: Verdict): verdict is Talk {
  return verdict.kind === 'customer_message' || verdict.kind === 'store_message';
}

function sessionKey({ phone, locationUid }: { phone: string; locationUid: string }): string {
  return `${phone} ${locationUid}`;
}
