/** What became of an attempt to send whose outcome nobody knows: it is looked up in the conversation. */
import { ApplicationFailure, log } from '@temporalio/activity';
import { PodiumError, type ConversationMessage, type PodiumApi } from '../podium/api';
import { settleAsFound, type Candidate } from '../store/found-sends';
import { bodyHash } from '../store/text';
import { conversationsAt } from './conversation';
import { permanent } from './podium-failure';
import type { Sendable, SendDependencies, TextOutcome } from './sendable';

/** How far Podium's clock may be behind ours when a message is looked for by its time. */
const CLOCK_SKEW_MS = 60_000;

/** By when Podium has a message of unknown outcome in its conversation, should it have taken it. */
export const SETTLES_MS = 15_000;

/** Null when Podium does not have it, and it may be sent anew. */
export async function earlierAttempt(
  deps: SendDependencies,
  send: Sendable,
  intendedAt: Date,
): Promise<TextOutcome | null> {
  try {
    return await findSent(deps, send, intendedAt);
  } catch (error) {
    const { kind } = permanent(error);
    log.error('Nobody can tell whether a text was sent, so it is not sent again', { kind });
    return { status: 'refused', code: 'outcome_unknown' };
  }
}

/** Looks whether an earlier attempt did reach Podium: our words, going out, no older than the attempt. */
async function findSent(
  deps: SendDependencies,
  send: Sendable,
  intendedAt: Date,
): Promise<TextOutcome | null> {
  const sought = bodyHash(send.body);
  const isOurs = ({ body, at, direction, hasFile }: ConversationMessage) =>
    direction !== 'inbound' &&
    bodyHash(body).equals(sought) &&
    hasFile === (send.file !== undefined) &&
    (at === null || at.getTime() >= intendedAt.getTime() - CLOCK_SKEW_MS);
  const read = await readWhereItMayStand(deps, send);
  const candidates: Candidate[] = read.flatMap(({ conversationUid, messages }) =>
    messages.filter(isOurs).map(({ uid, at }) => ({ uid, at, conversationUid })),
  );
  const found = await settleAsFound(deps.pool, send.sendId, candidates, {
    conversationUids: read.map(({ conversationUid }) => conversationUid),
    messages: read.reduce((sum, { messages }) => sum + messages.length, 0),
  });
  if (!found) return null;
  return {
    status: 'sent',
    at: (found.at ?? intendedAt).getTime(),
    since: intendedAt.getTime(),
    conversationUid: found.conversationUid,
  };
}

/** A merge of contacts moves conversations: where the known one is no more, the contact's others at this store are read. */
async function readWhereItMayStand(deps: SendDependencies, send: Sendable): Promise<ReadConversation[]> {
  const { podium } = deps;
  try {
    return await readAll(podium, await conversationsOf(deps, send));
  } catch (error) {
    const isGone = error instanceof PodiumError && error.kind === 'not_found';
    if (!isGone || send.conversationUid === null) throw error;
    const contact = await podium.findContact(send.phone, send.locationUid);
    const here = contact ? await conversationsAt(podium, contact, send.locationUid) : [];
    const others = here.filter((uid) => uid !== send.conversationUid);
    if (others.length === 0) throw error;
    return readAll(podium, others);
  }
}

interface ReadConversation {
  conversationUid: string;
  messages: ConversationMessage[];
}

async function readAll(podium: PodiumApi, conversationUids: string[]): Promise<ReadConversation[]> {
  const read: ReadConversation[] = [];
  for (const conversationUid of conversationUids)
    read.push({ conversationUid, messages: await podium.listMessages(conversationUid) });
  return read;
}

/**
 * Where the text may stand. The first one of a customer makes its conversation itself, and the contact tells
 * which one that is. Another store's is none of them: its robot says the same words. A contact that cannot be read yet
 * tells nothing, and then nothing is sent either.
 */
async function conversationsOf({ podium }: SendDependencies, send: Sendable): Promise<string[]> {
  if (send.conversationUid !== null) return [send.conversationUid];
  const contact = await podium.findContact(send.phone, send.locationUid);
  if (contact) return conversationsAt(podium, contact, send.locationUid);
  throw ApplicationFailure.create({
    message: 'Where a text of unknown outcome would stand cannot be read yet.',
    type: 'not_readable_yet',
    nextRetryDelay: SETTLES_MS,
  });
}
