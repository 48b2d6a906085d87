import { PodiumError, type PodiumApi } from './api';

type Reading = Pick<PodiumApi, 'findContact' | 'pageOfConversations'>;

/** Belongs to nobody. */
const SOME_PHONE = '+14155550100';

/**
 * Reads a contact and a page of conversations, since Podium need not say which scopes it has granted.
 * @param locationUid of any location; null when none is known, and then messages cannot be tried
 */
export async function probeReadScopes(
  podium: Reading,
  locationUid: string | null,
): Promise<{ read_contacts: boolean; read_messages?: boolean }> {
  const read_contacts = await mayRead(() => podium.findContact(SOME_PHONE, locationUid ?? 'none'));
  if (locationUid === null) return { read_contacts };
  return { read_contacts, read_messages: await mayRead(() => podium.pageOfConversations(locationUid, null)) };
}

/** The scopes as Podium has told them with the token, else those that reading shows. */
export async function grantedScopes(
  podium: Reading,
  told: readonly string[] | null,
  locationUid: string,
): Promise<readonly string[]> {
  if (told !== null) return told;
  const probed = await probeReadScopes(podium, locationUid);
  return Object.entries(probed).flatMap(([scope, granted]) => (granted ? scope : []));
}

/** Whether Podium permits it. */
export async function mayRead(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    if (error instanceof PodiumError && error.kind === 'not_permitted') return false;
    throw error;
  }
}
