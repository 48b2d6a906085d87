/**
 * What a received event leads to, as far as it depends on the database: the part of the receiving
 * transaction between the lock on the phones and the inbox row. Written for batches: as many
 * statements for 200 events as for one.
 */
import { dealingWith } from '../core/current-trace';
import { failure } from '../core/error-codes';
import type { Verdict } from '../core/events';
import { isOptOutOfNobody } from '../core/verdict';
import { writeAudit } from './audit';
import { leaveToAgents, lockSessions, makeDue, isTalk, type Talk } from './batch-sessions';
import { followContacts, type DatedChange } from './contact-changes';
import { postgresNow } from './clock';
import type { Queryable } from './database';
import {
  asksForHelp,
  decide,
  helpUntil,
  noConsequences,
  type Consequences,
  type Effect,
  type Known,
} from './effect-rules';
import { failAsReported, failSends } from './failures';
import { announceFiles, type AnnouncedFile } from './files/arrivals';
import { writeNotes } from './notes';
import { findOwnMessages, type OwnMessage } from './own-messages';
import { wantHelp } from './own-texts';
import { blocksAmong, optedOutSince } from './opt-out-states';
import { noteSpoken } from './opt-outs';
import type { JudgedEvent, ReceiveContext } from './receive-context';
import { storableKey } from './text';
import { traceIdOf } from './trace-id';
import { beginWaits, endWaits } from './waiting-chats';
import { followBrowsers } from './widget-conversations';
import { showPersonsMessages, showReplies } from './widget-replies';
import { bringIntoPodium } from './widget-words';
import { notAfter, timeOf } from './wishes';

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
  const known = await lookUp(client, events, context, wishes);
  const todo = noConsequences();
  const effects = events.map((received) => decide(received, known, todo, context));
  await carryOut(client, known, todo, context);
  const alarms = await noteSendsAfterOptOut(client, todo.afterOptOut, context);
  await noteOptOutsOfNobody(client, events);
  const waited = await endWaitsFor(client, todo.answers);
  await announceFiles(client, filesOfCustomers(events, effects), { ...context.files, ...context });
  const alarm = failure('ERR_WEBCHAT_011');
  return effects.map((effect, i) => ({
    ...effect,
    ...(alarms.has(events[i]!) && { alarm }),
    ...(waited.has(events[i]!) && { waitedSeconds: waited.get(events[i]!)! }),
  }));
}

/** Locks the sessions and reads what the decisions rest on; with it, what Podium tells of contacts and of our own texts is written. */
async function lookUp(
  client: Queryable,
  events: JudgedEvent[],
  context: ReceiveContext,
  wishes: Set<JudgedEvent>,
): Promise<Known> {
  const isPlainText = ({ event, verdict }: JudgedEvent) =>
    verdict.kind === 'customer_message' && !event.webchat && context.startOn === 'webchat';
  const lookForAnswers = events.some((each) => isPlainText(each) || each.event.browser);
  const talks = events.map(({ verdict }) => verdict).filter(isTalk);
  const phones = events.flatMap(({ verdict }) => ('phone' in verdict ? (verdict.phone ?? []) : []));
  const [sessions, blocks] = await Promise.all([
    lockSessions(client, talks, context, lookForAnswers),
    blocksAmong(client, phones),
  ]);
  // One after the other: of two chains side by side, one might go on after the other has failed and all is rolled back.
  const ourOwn = await ourOwnAmong(client, events);
  const contacts = events.filter(({ verdict }) => verdict.kind === 'contact_changed');
  const isOurs = await followContacts(client, contacts.map(datedChange));
  const ofOurs = new Set(contacts.filter((_, i) => isOurs[i]));
  // After the echoes of the same batch: they tell the uids of more messages.
  const failed = await takeFailures(client, events);
  const now = events.some(asksForHelp) ? await postgresNow(client) : new Date();
  return { events, wishes, sessions, blocks, ourOwn, ofOurs, failed, now };
}

/** Writes what the decisions have led to. */
async function carryOut(
  client: Queryable,
  { sessions, blocks }: Known,
  todo: Consequences,
  context: ReceiveContext,
): Promise<void> {
  await makeDue(
    client,
    [...sessions.values()].filter(({ due }) => due),
  );
  await followBrowsers(client, todo.written);
  await bringIntoPodium(client, todo.words, context);
  await showPersonsMessages(client, todo.byPersons);
  await leaveToAgents(client, todo.takenOver);
  await beginWaits(client, todo.leftToPersons);
  await writeNotes(client, todo.notes);
  await noteSpoken(
    client,
    todo.spoken.filter(({ phone }) => blocks.get(phone) === 'opted_out'),
  );
  for (const { received, session } of todo.helpWanted) {
    const { phone, locationUid } = session;
    const body = context.texts.help(locationUid);
    const times = { askedAt: received.receivedAt, goodUntil: helpUntil(received, context) };
    await dealingWith(traceIdOf(received.event), () =>
      wantHelp(client, { phone, locationUid, body, ...times }),
    );
  }
}

/** @returns how long was waited for a person's message; none for the second one, or for one of before the wait */
async function endWaitsFor(
  client: Queryable,
  answers: Consequences['answers'],
): Promise<Map<JudgedEvent, number>> {
  const ended = await endWaits(
    client,
    answers.map(({ received, session: { phone, locationUid } }) => {
      return { phone, locationUid, at: timeOf(received) };
    }),
  );
  return new Map(ended.map(({ place, waitedSeconds }) => [answers[place]!.received, waitedSeconds]));
}

function datedChange({ event, verdict, receivedAt }: JudgedEvent): DatedChange {
  const { change } = verdict as Extract<Verdict, { kind: 'contact_changed' }>;
  return { change, at: event.at ? notAfter(event.at, receivedAt) : receivedAt };
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
    messages.map((received) => {
      const { phone, locationUid } = received.verdict as Talk;
      const { messageUid: uid, text, senderUid } = received.event;
      return { uid, phone, locationUid, text, senderUid, at: timeOf(received) };
    }),
  );
  return new Map([...own].map(([place, message]) => [messages[place]!, message]));
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
    const { event, verdict } = received;
    const { phone, locationUid } = verdict as Talk;
    const since = await optedOutSince(client, phone);
    const at = timeOf(received);
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
