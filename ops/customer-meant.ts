/** Whom somebody on call means: a phone as it is dialled at the store that is named beside it. */
import { withCountry } from '../core/locations';
import { e164, type OpsTools } from './operation';
import { findStore } from './store-meant';

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
  const { country } = withCountry(store, tools.settings.locations.country_overrides);
  return { phone: e164(phone, country), locationUid: store.uid };
}
