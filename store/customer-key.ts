/** A customer at a store: for sets and maps of a batch. */
export interface CustomerHere {
  phone: string;
  locationUid: string;
}

export const customerKey = ({ phone, locationUid }: CustomerHere): string => `${phone} ${locationUid}`;
