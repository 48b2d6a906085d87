import { PodiumError, type PodiumApi } from './api';

/** Scopes that reading one thing tells of. */
export type ReadScope = 'read_contacts' | 'read_messages';

/** Belongs to nobody. */
const SOME_PHONE = '+14155550100';

/** Tries whether a scope was granted, since Podium need not say so. One call. */
export function probeScope(
  podium: Pick<PodiumApi, 'findContact' | 'pageOfConversations'>,
  scope: ReadScope,
  locationUid: string,
): Promise<boolean> {
  if (scope === 'read_contacts') return mayRead(() => podium.findContact(SOME_PHONE, locationUid));
  return mayRead(() => podium.pageOfConversations(locationUid, null));
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
