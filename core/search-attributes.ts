/** What sessions are searched by in Temporal, with the types of its search attributes. */
export const SEARCH_ATTRIBUTES = {
  WebchatStatus: 'Keyword',
  WebchatLocation: 'Keyword',
  WebchatLastCustomerMessageAt: 'Datetime',
  WebchatCloseReason: 'Keyword',
} as const;
