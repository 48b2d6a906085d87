/** Where in Podium a customer's conversation with a store is. */
import type { PodiumApi } from '../podium/api';

/**
 * The conversation of a customer at this very location, as Podium's contact tells. One HTTP call.
 * @param except one that is known not to be it, though we thought so
 * @returns null when there is none, or none for certain: nothing may turn up at another store
 */
export async function conversationOf(
  podium: PodiumApi,
  { phone, locationUid }: { phone: string; locationUid: string },
  except: string | null,
): Promise<string | null> {
  const contact = await podium.findContact(phone, locationUid);
  if (!contact?.locationUids.includes(locationUid)) return null;
  return contact.conversationUids.find((uid) => uid !== except) ?? null;
}
