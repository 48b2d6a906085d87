/**
 * Where in Podium a customer's conversation with a store is. A contact may have one with each store, and on other
 * channels: nothing may turn up in another one than this store's, by text.
 */
import { ApplicationFailure } from '@temporalio/activity';
import { isTextChannel } from '../core/verdict';
import type { PodiumApi, PodiumContact } from '../podium/api';

/**
 * The conversation of a customer at this very location. One HTTP call, and one more for each conversation of the
 * contact up to it.
 * @param except one that is known not to be it, though we thought so
 * @returns null when there is none, or none for certain
 */
export async function conversationOf(
  podium: PodiumApi,
  { phone, locationUid }: { phone: string; locationUid: string },
  except: string | null,
): Promise<string | null> {
  const contact = await podium.findContact(phone, locationUid);
  for (const uid of contact?.conversationUids ?? [])
    if (uid !== except && (await isHere(podium, contact!, uid, locationUid))) return uid;
  return null;
}

/**
 * The contact's conversations at this very location, to look in for what may have got there. One HTTP call for each
 * of the contact's.
 * @throws ApplicationFailure to be tried again, while Podium does not tell of one at which location it is
 */
export async function conversationsAt(
  podium: PodiumApi,
  contact: PodiumContact,
  locationUid: string,
): Promise<string[]> {
  const here: string[] = [];
  for (const uid of contact.conversationUids) {
    const is = await isHere(podium, contact, uid, locationUid);
    if (is === null)
      throw ApplicationFailure.retryable(
        'At which store a conversation is, in which our words may stand, Podium does not tell.',
        'not_readable_yet',
      );
    if (is) here.push(uid);
  }
  return here;
}

/** Null when Podium does not tell. */
async function isHere(
  podium: PodiumApi,
  contact: PodiumContact,
  conversationUid: string,
  locationUid: string,
): Promise<boolean | null> {
  if (!podium.readConversation) return contact.locationUids.includes(locationUid);
  const conversation = await podium.readConversation(conversationUid);
  if (!conversation || !isTextChannel(conversation.channel ?? 'phone')) return false;
  return conversation.locationUid === null ? null : conversation.locationUid === locationUid;
}
