/** Whom somebody on call means: a store by its name, and a phone as it is dialled there. */
import { withCountry } from '../core/locations';
import { listLocations, type StoredLocation } from '../store/locations';
import { e164, OperationRefused, type OpsTools } from './operation';

/** A customer, perhaps at one store: a phone in local form is read by the store's country. */
export interface GivenCustomer {
  phone: string;
  /** The uid of a location, or its name. */
  location_uid?: string | undefined;
}

/**
 * @returns the phone in E.164; the location's uid is null where none is named
 * @throws OperationRefused with `ERR_WEBCHAT_001`, or when several stores have the name
 */
export async function customerMeant(
  tools: Pick<OpsTools, 'pool' | 'settings'>,
  { phone, location_uid: store }: GivenCustomer,
): Promise<{ phone: string; locationUid: string | null }> {
  if (store === undefined) return { phone: e164(phone), locationUid: null };
  const known = await listLocations(tools.pool);
  const locationUid = uidOf(known, store);
  const location = known.find(({ uid }) => uid === locationUid);
  const country = location && withCountry(location, tools.settings.locations.country_overrides).country;
  return { phone: e164(phone, country), locationUid };
}

/** The uid of the store that is meant, null where none is named. @throws OperationRefused when several have the name */
export async function storeMeant(
  { pool }: Pick<OpsTools, 'pool'>,
  store: string | undefined,
): Promise<string | null> {
  return store === undefined ? null : uidOf(await listLocations(pool), store);
}

/** What is no store's name is taken for a uid: the list may be without a store that has had chats. */
function uidOf(known: StoredLocation[], store: string): string {
  if (known.some(({ uid }) => uid === store)) return store;
  const named = withName(known, store);
  if (named.length <= 1) return named[0]?.uid ?? store;
  throw new OperationRefused('wrong_input', {
    code: 'ERR_OPS_WHICH_STORE',
    message: `${named.length} stores have this name: ${named.map(({ uid }) => uid).join(', ')}.`,
    hint: 'Give the uid of the one that is meant.',
  });
}

/** Served ones, or else archived ones. */
function withName(known: StoredLocation[], name: string): StoredLocation[] {
  const folded = (text: string) => text.trim().toLowerCase();
  const named = known.filter((each) => folded(each.name) === folded(name));
  const served = named.filter(({ archived }) => !archived);
  return served.length > 0 ? served : named;
}
