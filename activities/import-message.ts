/**
 * Brings a customer's message from the widget into Podium's inbox, once. Each attempt looks what became of the one
 * before. Nobody is texted, so it is no send, and an opt-out stops none but what would undo it.
 */
import { ApplicationFailure, log } from '@temporalio/activity';
import { NAMELESS } from '../core/contact';
import { PodiumError, type ConversationMessage, type PodiumApi } from '../podium/api';
import type { Pool } from '../store/database';
import { bodyHash } from '../store/text';
import {
  beginImport,
  freeOfImports,
  IMPORT_TIME_TOLERANCE_MS,
  importIsSeen,
  pendingImport,
  settleImport,
  unseenImport,
  type PendingImport,
} from '../store/widget-imports';
import { conversationOf, conversationsAt } from './conversation';
import { SETTLES_MS } from './earlier-attempt';
import { callPodium, mayPass, permanent, toActivityFailure } from './podium-failure';

interface ImportDependencies {
  pool: Pool;
  podium: PodiumApi;
}

/** One attempt. It throws only what Temporal is to retry. */
export async function importMessage({ pool, podium }: ImportDependencies, id: string): Promise<void> {
  const message = await pendingImport(pool, id);
  if (!message) return; // settled, or its person erased
  if (message.triedSince) {
    const found = await earlierImport(pool, podium, message);
    if (found === 'unknown') return;
    if (found) {
      if (await settleImport(pool, message, { kind: 'found', ...found })) return;
      throw overtaken();
    }
  }
  // A turn that is waited for and a token that is fetched take seconds, in which a STOP could come.
  await callPodium(() => podium.prepare('importMessage'));
  const start = await beginImport(pool, message);
  if (start === 'withheld') return;
  if (start === 'unsettled') throw unsettled();
  if (start === 'overtaken') throw overtaken();
  const { phone, locationUid, body, writtenAt } = message;
  const contactName = message.name ?? NAMELESS;
  const direction = 'inbound';
  try {
    const imported = await podium.importMessage({
      phone,
      locationUid,
      contactName,
      direction,
      body,
      at: writtenAt,
    });
    const { messageUid, conversationUid } = imported;
    await settleImport(pool, message, { kind: 'imported', messageUid, conversationUid });
  } catch (error) {
    if (!(error instanceof PodiumError)) throw error;
    await afterError(pool, message, error);
  }
}

/** What has changed meanwhile is looked at anew. */
const overtaken = () => ApplicationFailure.retryable('Another attempt has passed this one.', 'overtaken');

/** Whether its phone has opted out is known within minutes. */
const unsettled = () =>
  ApplicationFailure.retryable('Podium is asked whether the phone has opted out.', 'unsettled');

/** What became of an attempt of unknown outcome. Where Podium will never tell, it is settled by that, and not tried again. */
async function earlierImport(pool: Pool, podium: PodiumApi, message: PendingImport) {
  try {
    return await findImported(pool, podium, message);
  } catch (error) {
    const { kind } = permanent(error);
    await settleImport(pool, message, { kind: 'refused', code: 'outcome_unknown' });
    log.error('Nobody can tell whether a message of the widget was imported', { kind });
    return 'unknown';
  }
}

/**
 * Our words, coming in at this store, of that time; none that is another import's. A conversation that cannot be read
 * leaves it open only where no other one has the message.
 */
async function findImported(
  pool: Pool,
  podium: PodiumApi,
  { phone, locationUid, body, writtenAt }: PendingImport,
): Promise<{ messageUid: string | null; conversationUid: string } | null> {
  const sought = bodyHash(body);
  const isIt = ({ body: words, at, direction }: ConversationMessage) =>
    direction !== 'outbound' &&
    bodyHash(words).equals(sought) &&
    (at === null || Math.abs(at.getTime() - writtenAt.getTime()) <= IMPORT_TIME_TOLERANCE_MS);
  const contact = await podium.findContact(phone, locationUid);
  const here = contact ? await conversationsAt(podium, contact, locationUid) : [];
  let unread: PodiumError | null = null;
  for (const conversationUid of here) {
    try {
      const candidates = (await messagesOf(podium, conversationUid)).filter(isIt);
      const [found] = await freeOfImports(pool, { phone, locationUid }, candidates);
      if (found) return { messageUid: found.uid, conversationUid };
    } catch (error) {
      if (!(error instanceof PodiumError) || mayPass(error)) throw error;
      unread = error;
    }
  }
  if (unread) throw unread;
  return null;
}

/** None of a conversation that is gone, as after a merge of contacts. */
async function messagesOf(podium: PodiumApi, conversationUid: string): Promise<ConversationMessage[]> {
  return podium.listMessages(conversationUid).catch((error: unknown) => {
    if (error instanceof PodiumError && error.kind === 'not_found') return [];
    throw error;
  });
}

/**
 * The conversation that an import begins stands closed in Podium, where no agent looks: opens it. A step of its own,
 * so that it is tried again without a second import, whoever told that the first has worked.
 */
export async function showImport({ pool, podium }: ImportDependencies, id: string): Promise<void> {
  const unseen = podium.openConversation && (await unseenImport(pool, id));
  if (!unseen) return;
  try {
    const conversationUid = unseen.conversationUid ?? (await conversationOf(podium, unseen, null));
    if (conversationUid === null)
      throw ApplicationFailure.retryable(
        'Podium shows no conversation of an imported message yet.',
        'no_conversation',
      );
    await podium.openConversation(conversationUid);
  } catch (error) {
    const { kind } = permanent(error);
    log.warn("A conversation could not be opened in Podium's inbox", { kind });
  }
  await importIsSeen(pool, id);
}

async function afterError(pool: Pool, message: PendingImport, error: PodiumError): Promise<void> {
  if (!mayPass(error)) {
    const code = error.details.code ?? error.kind;
    await settleImport(pool, message, { kind: 'refused', code });
    log.warn('Podium does not take a message of the widget into its inbox', { code, kind: error.kind });
    return;
  }
  if (!error.details.mayHaveHappened) await settleImport(pool, message, { kind: 'not_imported' });
  throw toActivityFailure(error, error.details.mayHaveHappened ? SETTLES_MS : undefined);
}
