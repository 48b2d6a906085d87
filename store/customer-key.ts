/** A customer at a store. */
export interface CustomerHere {
  phone: string;
  locationUid: string;
}

/** For sets and maps of a batch. */
export const customerKey = ({ phone, locationUid }: CustomerHere): string => `${phone} ${locationUid}`;
