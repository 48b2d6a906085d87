/**
 * What a received event leads to, as far as it depends on the database: the part of the receiving
 * transaction between the lock on the phones and the inbox row. Written for batches: as many
 * statements for 200 events as for one.
 */
import { optedOutWriterNote, undecidedNote } from '../core/agent-note';
import { dealingWith } from '../core/current-trace';
import { failure } from '../core/error-codes';
import type { Failure, PodiumEvent, Verdict } from '../core/events';
import { mayMeanOptOut } from '../core/refusal';
import type { SessionMessage } from '../core/session';
import { isOptOutOfNobody } from '../core/verdict';
import { writeAudit } from './audit';
import { followContacts, type DatedChange } from './contact-changes';
import { postgresNow } from './clock';
import type { Queryable } from './database';
import { failAsReported, failSends } from './failures';
import { announceFiles, type AnnouncedFile, type FileRules } from './files/rows';
import { writeNotes, type NewNote } from './notes';
import { wantHelp } from './own-texts';
import { blocksAmong, noteSpoken, optedOutSince, type SendBlock } from './opt-outs';
import { findOwnMessages, type OwnMessage } from './own-messages';
import { answersWait } from './sessions';
import { storable, storableKey } from './text';
import { traceIdOf } from './trace-id';
import { isSpeech, notAfter, timeOf } from './wishes';
import { followBrowsers, type WrittenMessage } from './widget-conversations';
import { bringIntoPodium, type WrittenWords } from './widget-words';
import { showPersonsMessages, showReplies, type PersonsMessage } from './widget-replies';

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
  /** How long answers wait for their customer. */
  answersWaitDays: number;
  /** What is answered later than that answers nobody. */
  replyWithinSeconds: number;
  files: Omit<FileRules, 'auditHash'>;
  /** Texts that no session sends; `{location}` is replaced. */
  texts: {
    help(locationUid: string): string;
    /** Null where opt-outs are not confirmed. */
    confirmation: string | null;
  };
}

/** What becomes of the inbox row. */
export interface Effect {
  status: 'pending' | 'recorded' | 'ignored' | 'quarantined' | 'erased';
  failure: Failure | null;
  /** The session that a pending message is for. */
  workflowId: string | null;
  message: Omit<SessionMessage, 'number'> | null;
  /** What somebody has to be told of at once. */
  alarm?: Failure;
}

/** A verdict on a message of somebody at a location. */
type Talk = Extract<
  Verdict,
  { locationUid: string; phone: string; kind: 'customer_message' | 'store_message' | 'message_failed' }
>;

/** A session's row as the batch goes on. */
interface SessionState {
  phone: string;
  locationUid: string;
  workflowId: string;
  open: boolean;
  answersWait: boolean;
  conversationUid: string | null;
  /** Of its row, as it was before; null where there is none. */
  sessionUid: string | null;
  /** A browser has begun it, and is shown the replies. */
  isShown: boolean;
  /** Something waits to be signalled to it. */
  due: boolean;
}

/** It is in the inbox, and nobody has to be told. */
export const RECORDED: Effect = { status: 'recorded', failure: null, workflowId: null, message: null };
const IGNORED: Effect = { ...RECORDED, status: 'ignored' };
/** Of somebody who was erased after it was written: its ids are kept, so that it is known when it comes again. */
export const ERASED: Effect = { ...RECORDED, status: 'erased' };

/**
 * Decides what becomes of each event, and writes all that follows but the inbox rows themselves.
 * @param wishes those that were wishes and nothing else
 */
export async function takeEffect(
  client: Queryable,
  events: JudgedEvent[],
  context: ReceiveContext,
  wishes: Set<JudgedEvent>,
): Promise<Effect[]> {
  const talks = events.map(({ verdict }) => verdict).filter(isTalk);
  const isPlainText = ({ event, verdict }: JudgedEvent) =>
    verdict.kind === 'customer_message' && !event.webchat && context.startOn === 'webchat';
  const contacts = events.filter(({ verdict }) => verdict.kind === 'contact_changed');
  const [sessions, blocks] = await Promise.all([
    lockSessions(
      client,
      talks,
      context,
      events.some((each) => isPlainText(each) || each.event.browser),
    ),
    blocksAmong(
      client,
      events.flatMap(({ verdict }) => ('phone' in verdict ? (verdict.phone ?? []) : [])),
    ),
  ]);
  // One after the other: of two chains side by side, one might go on after the other has failed and all is rolled back.
  const ourOwn = await ourOwnAmong(client, events);
  const ofOurs = await followContacts(client, contacts.map(datedChange));
  // After the echoes of the same batch: they tell the uids of more messages.
  const failed = await takeFailures(client, events);
  const notes: NewNote[] = [];
  const takenOver: SessionState[] = [];
  const helpWanted: { received: JudgedEvent; session: SessionState }[] = [];
  const afterOptOut: JudgedEvent[] = [];
  const spoken: { phone: string; at: Date }[] = [];
  const now = events.some(asksForHelp) ? await postgresNow(client) : null;
  const written: WrittenMessage[] = [];
  const byPersons: PersonsMessage[] = [];
  const words: WrittenWords[] = [];

  /** In this batch; of what came earlier the rows of the inbox tell. */
  const othersSpoke = ({ event: { browser } }: JudgedEvent, of: SessionState) =>
    events.some((each) => isTalkOf(each, of) && each.event.browser !== browser && !ourOwn.has(each));

  const effects = events.map((received): Effect => {
    const { event, verdict } = received;
    if (verdict.kind === 'ignored') return IGNORED;
    if (verdict.kind === 'quarantined') {
      if (verdict.phone !== null && isSpeech(received, verdict.phone))
        spoken.push({ phone: verdict.phone, at: timeOf(received) });
      return { ...IGNORED, status: 'quarantined', failure: verdict.failure };
    }
    if (verdict.kind === 'contact_changed') {
      if (verdict.unclear) return { ...IGNORED, status: 'quarantined', failure: verdict.unclear };
      const concernsUs = verdict.optOuts.length > 0 || ofOurs[contacts.indexOf(received)];
      return concernsUs ? RECORDED : IGNORED;
    }

    const session = sessions.get(sessionKey(verdict))!;
    if (verdict.kind === 'message_failed') return undelivered(received, session, failed);
    if (verdict.kind === 'store_message') {
      if (ourOwn.has(received)) return RECORDED;
      if (blocks.get(verdict.phone) === 'opted_out') afterOptOut.push(received);
      if (event.senderUid === null) return IGNORED; // Podium's own automatic answers silence nobody
      spoken.push({ phone: verdict.phone, at: timeOf(received) });
      if (session.open) {
        if (session.isShown) byPersons.push(personsMessage(received));
        return pending(received, session);
      }
      takenOver.push(session);
      return RECORDED;
    }
    words.push({ received, wasOpen: session.open, block: blocks.get(verdict.phone) });
    const into = session.open ? 'open' : 'none';
    if (event.browser || session.isShown) written.push(writtenMessage(received, session, into));
    if (verdict.optOut || wishes.has(received)) return RECORDED;
    spoken.push({ phone: verdict.phone, at: timeOf(received) });
    const block = blocks.get(verdict.phone);
    if (block && block !== 'unsettled') {
      notes.push(blockedWriter(received, session, block));
      // The session has to know, or it would go on asking.
      return block === 'undecided' && session.open ? pending(received, session) : RECORDED;
    }
    if (asksForHelp(received) && helpUntil(received, context) > now!) {
      helpWanted.push({ received, session });
      return RECORDED;
    }
    const mayBegin = event.webchat || context.startOn === 'any' || session.answersWait;
    if (!session.open && mayBegin && event.browser) {
      Object.assign(written.at(-1)!, { into: 'begun', othersSpoke: othersSpoke(received, session) });
      session.isShown = true;
    }
    return session.open || mayBegin ? pending(received, session) : IGNORED;
  });

  await makeDue(
    client,
    [...sessions.values()].filter(({ due }) => due),
  );
  await followBrowsers(client, written);
  await bringIntoPodium(client, words, context);
  await showPersonsMessages(client, byPersons);
  await leaveToAgents(client, takenOver);
  await writeNotes(client, notes);
  await noteSpoken(
    client,
    spoken.filter(({ phone }) => blocks.get(phone) === 'opted_out'),
  );
  for (const { received, session } of helpWanted) {
    const { phone, locationUid } = session;
    const body = context.texts.help(locationUid);
    const times = { askedAt: received.receivedAt, goodUntil: helpUntil(received, context) };
    await dealingWith(traceIdOf(received.event), () =>
      wantHelp(client, { phone, locationUid, body, ...times }),
    );
  }
  const alarms = await noteSendsAfterOptOut(client, afterOptOut, context);
  await noteOptOutsOfNobody(client, events);
  await announceFiles(client, filesOfCustomers(events, effects), { ...context.files, ...context });
  const alarm = failure('ERR_WEBCHAT_011');
  return effects.map((effect, i) => (alarms.has(events[i]!) ? { ...effect, alarm } : effect));
}

const asksForHelp = ({ verdict }: JudgedEvent) =>
  verdict.kind === 'customer_message' && verdict.said?.wish === 'help';

/** Who asked longer ago is left to the session, as anybody who wrote long ago. */
function helpUntil(received: JudgedEvent, { replyWithinSeconds }: ReceiveContext): Date {
  return new Date(timeOf(received).getTime() + replyWithinSeconds * 1000);
}

function datedChange({ event, verdict, receivedAt }: JudgedEvent): DatedChange {
  const { change } = verdict as Extract<Verdict, { kind: 'contact_changed' }>;
  return { change, at: event.at ? notAfter(event.at, receivedAt) : receivedAt };
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
      sessionUid: null,
      isShown: false,
      due: false,
    });
  }
  if (sessions.size === 0) return sessions;
  const keys = [[...sessions.values()].map((s) => s.phone), [...sessions.values()].map((s) => s.locationUid)];
  const [open, waiting] = await Promise.all([
    client.query<Omit<SessionState, 'answersWait' | 'conversationUid' | 'due'>>(
      `select phone_e164 as phone, location_uid as "locationUid", workflow_id as "workflowId", status <> 'closed' as open,
              session_uid as "sessionUid",
              exists (select from widget_conversations c where c.session_uid = sessions.session_uid and c.began) as "isShown"
         from sessions where (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[]))
        order by workflow_id for update`,
      keys,
    ),
    // Behind the lock, so that answers are seen whose session was closed while it was waited for.
    lookForAnswers
      ? client.query<{ phone: string; locationUid: string }>(
          `select phone_e164 as phone, location_uid as "locationUid" from partial_answers
            where (phone_e164, location_uid) in (select * from unnest($1::text[], $2::text[]))
              and ${answersWait('$3')}`,
          [...keys, context.answersWaitDays],
        )
      : { rows: [] },
  ]);
  // A session that runs keeps its id, even if the key of ids has changed meanwhile.
  for (const row of open.rows) {
    const session = sessions.get(sessionKey(row))!;
    if (row.open) Object.assign(session, row);
    else session.sessionUid = row.sessionUid;
  }
  for (const row of waiting.rows) sessions.get(sessionKey(row))!.answersWait = true;
  return sessions;
}

function writtenMessage(
  { event }: JudgedEvent,
  { phone, locationUid, answersWait, sessionUid }: SessionState,
  into: WrittenMessage['into'],
): WrittenMessage {
  const browser = event.browser ?? null;
  return { phone, locationUid, browser, into, answersWait, othersSpoke: false, lastSessionUid: sessionUid };
}

function personsMessage({ event, verdict, receivedAt }: JudgedEvent): PersonsMessage {
  const { phone, locationUid } = verdict as Talk;
  const hasFile = event.attachments.length > 0;
  return { phone, locationUid, text: storable(event.text), at: event.at ?? receivedAt, hasFile };
}

/** Those of the store's messages that are our own. */
async function ourOwnAmong(client: Queryable, events: JudgedEvent[]): Promise<Set<JudgedEvent>> {
  const own = await ownMessages(client, events, 'store_message');
  const learned = [...own].flatMap(([{ event }, { sendId, learned }]) =>
    sendId !== null && learned && event.messageUid !== null
      ? [{ sendId, messageUid: storableKey(event.messageUid) }]
      : [],
  );
  await failAsReported(client, learned);
  await showReplies(
    client,
    learned.map(({ sendId }) => sendId),
  );
  return new Set(own.keys());
}

/**
 * Fails the sends whose messages did not arrive.
 * @returns for each failure of a text of ours whether it is news
 */
async function takeFailures(
  client: Queryable,
  events: JudgedEvent[],
): Promise<Map<JudgedEvent, 'news' | 'known'>> {
  const own = await ownMessages(client, events, 'message_failed');
  const sends = [...own].flatMap(([received, { sendId }]) => (sendId === null ? [] : [{ received, sendId }]));
  const news = await failSends(
    client,
    sends.map(({ received, sendId }) => ({ sendId, reason: received.event.failureReason })),
  );
  return new Map(sends.map(({ received, sendId }) => [received, news.delete(sendId) ? 'news' : 'known']));
}

async function ownMessages(
  client: Queryable,
  events: JudgedEvent[],
  kind: 'store_message' | 'message_failed',
): Promise<Map<JudgedEvent, OwnMessage>> {
  const messages = events.filter(({ verdict }) => verdict.kind === kind);
  const own = await findOwnMessages(
    client,
    messages.map(({ event, verdict, receivedAt }) => {
      const { phone, locationUid } = verdict as Talk;
      const { messageUid: uid, text, senderUid, at } = event;
      return { uid, phone, locationUid, text, senderUid, at: at ?? receivedAt };
    }),
  );
  return new Map([...own].map(([place, message]) => [messages[place]!, message]));
}

/**
 * A session that runs is told of a text that did not arrive. One of nobody's that we know of is kept with what it
 * says: its send may not know its message yet (see `failAsReported`), or it is a person's.
 */
function undelivered(
  received: JudgedEvent,
  session: SessionState,
  failed: Map<JudgedEvent, 'news' | 'known'>,
): Effect {
  const ofSend = failed.get(received);
  if (ofSend === undefined) return { ...RECORDED, message: messageOf(received) };
  return ofSend === 'news' && session.open ? pending(received, session) : RECORDED;
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
       opened_at = case when s.status = 'closed' then now() else s.opened_at end,
       dealt_at = case when s.status = 'closed' then null else s.dealt_at end,
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

function pending(received: JudgedEvent, session: SessionState): Effect {
  const message = messageOf(received);
  session.open = true;
  session.due = true;
  session.conversationUid = message.conversationUid ?? session.conversationUid;
  return { status: 'pending', failure: null, workflowId: session.workflowId, message };
}

const SPEAKERS = {
  customer_message: 'customer',
  store_message: 'agent',
  message_failed: 'delivery',
} as const;

function messageOf({ event, verdict, receivedAt }: JudgedEvent): NonNullable<Effect['message']> {
  const { kind } = verdict as Talk;
  return {
    from: SPEAKERS[kind],
    text: storable(kind === 'message_failed' ? (event.failureReason ?? '') : event.text),
    at: (event.at ?? receivedAt).getTime(),
    receivedAt: receivedAt.getTime(),
    webchat: event.webchat,
    conversationUid: event.conversationUid && storable(event.conversationUid),
    name: event.name && storable(event.name),
    attachments: event.attachments.length,
    ...(verdict.kind === 'customer_message' && verdict.said?.wish === 'ask' && { mayOptOut: true as const }),
    ...(kind === 'customer_message' && mayMeanOptOut(event.text) && { refusal: true as const }),
  };
}

/**
 * `ERR_WEBCHAT_011`: Podium shows a message of the store's to a phone that had opted out before. It went around our
 * door, since a person or Podium itself has sent it, as Podium does to say that STOP was heard.
 * @returns those that a person has sent: an alarm
 */
async function noteSendsAfterOptOut(
  client: Queryable,
  events: JudgedEvent[],
  context: ReceiveContext,
): Promise<Set<JudgedEvent>> {
  const byPeople = new Set<JudgedEvent>();
  for (const received of events) {
    const { event, verdict, receivedAt } = received;
    const { phone, locationUid } = verdict as Talk;
    const since = await optedOutSince(client, phone);
    const at = event.at ?? receivedAt;
    if (since === null || at <= since) continue;
    if (event.senderUid !== null) byPeople.add(received);
    await writeAudit(client, {
      key: `send_after_opt_out:${storableKey(event.messageUid ?? event.eventId)}`,
      kind: 'send_after_opt_out',
      phoneHash: context.auditHash(phone),
      locationUid,
      workflowId: null,
      details: {
        ...{ code: 'ERR_WEBCHAT_011', message: event.messageUid && storableKey(event.messageUid) },
        ...{ by: event.senderUid === null ? 'podium' : 'agent', at: at.toISOString() },
      },
    });
  }
  return byPeople;
}

/** Somebody has opted out, and goes on being texted until a person has found out who it was. */
async function noteOptOutsOfNobody(client: Queryable, events: JudgedEvent[]): Promise<void> {
  for (const { event } of events.filter(({ verdict }) => isOptOutOfNobody(verdict))) {
    const eventId = storableKey(event.eventId);
    await writeAudit(client, {
      key: `opt_out_without_phone:${event.contract}:${eventId}`,
      kind: 'opt_out_without_phone',
      phoneHash: null,
      locationUid: event.locationUid && storableKey(event.locationUid),
      workflowId: null,
      details: { code: 'ERR_WEBCHAT_008', event: eventId },
    });
  }
}

/**
 * Files are fetched of messages that a session gets; what is not ours to answer is left where it is. A file
 * that came with its message is nowhere else, so the agent gets it also of somebody who has opted out.
 */
function filesOfCustomers(events: JudgedEvent[], effects: Effect[]): AnnouncedFile[] {
  return events.flatMap(({ event, verdict, receivedAt }, i) => {
    const { status, message } = effects[i]!;
    if (verdict.kind !== 'customer_message') return [];
    const { phone, locationUid } = verdict;
    const mayReply = status === 'pending';
    const conversationUid = message?.conversationUid ?? null;
    const origin = {
      traceId: traceIdOf(event),
      messageUid: event.messageUid,
      phone,
      locationUid,
      conversationUid,
      receivedAt,
      mayReply,
    };
    return event.attachments
      .filter(({ received }) => mayReply || received)
      .map((attachment) => ({ ...origin, attachment }));
  });
}

/** One note a day says enough. */
function blockedWriter({ event, receivedAt }: JudgedEvent, session: SessionState, block: SendBlock): NewNote {
  return {
    key: `${block}:${session.phone}:${session.locationUid}:${receivedAt.toISOString().slice(0, 10)}`,
    phone: session.phone,
    locationUid: session.locationUid,
    workflowId: null,
    traceId: traceIdOf(event),
    conversationUid: event.conversationUid && storable(event.conversationUid),
    body: block === 'opted_out' ? optedOutWriterNote() : undecidedNote(),
    close: false,
  };
}

function isTalk(verdict: Verdict): verdict is Talk {
  return verdict.kind in SPEAKERS;
}

const isTalkOf = ({ verdict }: JudgedEvent, session: SessionState) =>
  isTalk(verdict) && sessionKey(verdict) === sessionKey(session);

function sessionKey({ phone, locationUid }: { phone: string; locationUid: string }): string {
  return `${phone} ${locationUid}`;
}
