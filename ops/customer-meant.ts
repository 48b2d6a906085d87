/** Whom somebody on call means: a phone as it is dialled at the store that is named beside it. */
import { withCountry } from '../core/locations';
import { e164, type OpsTools } from './operation';
import { findStore, storeMeant, type NamedStore } from './store-meant';

/** A customer, perhaps at one store: a phone in local form is read by the store's country. */
export interface GivenCustomer {
  phone: string;
  /** The uid of a location, or its name. */
  location_uid?: string | undefined;
}

/**
 * @returns the phone in E.164; the location's uid is null where none is named
 * @throws OperationRefused with `ERR_WEBCHAT_001`, or when it cannot be told which store is meant
 */
export async function customerMeant(
  tools: Pick<OpsTools, 'pool' | 'settings'>,
  { phone, location_uid: given }: GivenCustomer,
): Promise<{ phone: string; locationUid: string | null }> {
  if (given === undefined) return { phone: e164(phone), locationUid: null };
  const store = await findStore(tools, given);
  return { phone: phoneAt(tools, store, phone), locationUid: store.uid };
}

/**
 * Whose rows are asked for: all, those of one store, or those of one customer.
 * @returns null for a phone, and for a location's uid, that is not named
 * @throws OperationRefused as `customerMeant` does
 */
export async function customerIfMeant(
  tools: Pick<OpsTools, 'pool' | 'settings'>,
  { phone, location_uid }: { [Field in keyof GivenCustomer]?: string | undefined },
): Promise<{ phone: string | null; locationUid: string | null }> {
  if (phone !== undefined) return customerMeant(tools, { phone, location_uid });
  return { phone: null, locationUid: await storeMeant(tools, location_uid) };
}

/** A phone, as it is dialled at a store, in E.164. @throws OperationRefused with `ERR_WEBCHAT_001` */
export function phoneAt({ settings }: Pick<OpsTools, 'settings'>, store: NamedStore, phone: string): string {
  return e164(phone, withCountry(store, settings.locations.country_overrides).country);
}
