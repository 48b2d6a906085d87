import { PodiumError, type PodiumApi, type PodiumErrorKind } from './api';

/** Scopes that reading one thing tells of. */
export type ReadScope = 'read_contacts' | 'read_messages';

/** Belongs to nobody. */
const SOME_PHONE = '+14155550100';

/** Where to try: of an archived location nobody knows what Podium answers. Undefined for none at all. */
export function probeLocation<T extends { archived: boolean }>(locations: readonly T[]): T | undefined {
  return locations.find(({ archived }) => !archived) ?? locations[0];
}

/** Tries whether a scope was granted, since Podium need not say so; null where the answer does not tell. One call. */
export function probeScope(
  podium: Pick<PodiumApi, 'findContact' | 'pageOfConversations'>,
  scope: ReadScope,
  locationUid: string,
): Promise<boolean | null> {
  if (scope === 'read_contacts') return mayRead(() => podium.findContact(SOME_PHONE, locationUid));
  return mayRead(() => podium.pageOfConversations(locationUid, null));
}

/** Podium has not looked at what was asked. */
const NOT_ANSWERED: readonly PodiumErrorKind[] = ['unauthenticated', 'throttled', 'unreachable', 'server'];

/**
 * Whether Podium permits it; null where the answer does not tell, as when it does not like what was asked about.
 * @throws PodiumError when Podium does not answer
 */
export async function mayRead(read: () => Promise<unknown>): Promise<boolean | null> {
  try {
    await read();
    return true;
  } catch (error) {
    if (!(error instanceof PodiumError) || NOT_ANSWERED.includes(error.kind)) throw error;
    return error.kind === 'not_permitted' ? false : null;
  }
}
