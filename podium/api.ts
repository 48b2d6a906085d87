/**
 * What the product asks of Podium, whatever contract is spoken. One method is one HTTP call,
 * so that the engine's rate limit on activities is a limit on calls. Lists may take more: one a page.
 */

export interface PodiumLocation {
  uid: string;
  name: string;
  /** ISO 3166-1 alpha-2, upper case; null where Podium has none. */
  country: string | null;
  archived: boolean;
  organizationUid: string | null;
}

export interface PodiumContact {
  uid: string;
  name: string | null;
  /** E.164 forms only; what Podium holds in another form is left out. */
  phones: string[];
  locationUids: string[];
  conversationUids: string[];
  /** When Podium itself holds an opt-out for the phone that was asked about. */
  optedOutAt: Date | null;
}

export interface SentMessage {
  messageUid: string | null;
  conversationUid: string | null;
  /** Podium's time of the message; ours when it gives none. */
  at: Date;
}

export interface ConversationMessage {
  uid: string | null;
  body: string;
  at: Date | null;
  /** `unknown` where the answer does not tell. */
  direction: 'inbound' | 'outbound' | 'unknown';
  senderUid: string | null;
}

export interface PodiumApi {
  /** Has an access token at hand, so that the call after it goes out at once. No HTTP call as long as one is good. */
  prepare(): Promise<void>;
  /** Every location, archived ones too, read to the last page. */
  listLocations(): Promise<PodiumLocation[]>;
  /** The contact of exactly this phone (compared, never trusted), or null. */
  findContact(phone: string, locationUid: string): Promise<PodiumContact | null>;
  /** Creates, or joins, the contact. `uid` is null when Podium does not tell it at once. A race lost: `PodiumError` of kind `conflict`. */
  createContact(contact: {
    phone: string;
    locationUid: string;
    name: string;
  }): Promise<{ uid: string | null }>;
  sendMessage(message: {
    phone: string;
    locationUid: string;
    conversationUid: string | null;
    body: string;
    senderName: string;
  }): Promise<SentMessage>;
  /** The newest messages of a conversation, newest first: one page, or all where Podium begins with the oldest. */
  listMessages(conversationUid: string): Promise<ConversationMessage[]>;
  addNote(conversationUid: string, body: string, senderName: string): Promise<void>;
  closeConversation(conversationUid: string): Promise<void>;
  /** Tells Podium about our opt-out (`true`) or opt-in. Not whitelisted: `PodiumError` of kind `not_permitted`. */
  setOptOut(phone: string, locationUid: string, optedOut: boolean, contactUid: string | null): Promise<void>;
}

export type PodiumErrorKind =
  | 'throttled' // 429
  | 'unauthenticated' // 401 (to a read: with a new token too), or no refresh token is accepted
  | 'not_permitted' // 403
  | 'not_found' // 404
  | 'conflict' // 409
  | 'too_large' // 413
  | 'opted_out' // 451
  | 'invalid_phone' // 400 invalid_phone_format
  | 'invalid_location' // 400 invalid_location_uid
  | 'invalid' // any other 4xx, or an answer that could not be read
  | 'server' // 5xx
  | 'unreachable'; // timeout, reset, refused

/** What went wrong with a call to Podium, in words that decide what happens next. Holds no phone and no text. */
export class PodiumError extends Error {
  override readonly name = 'PodiumError';
  constructor(
    readonly kind: PodiumErrorKind,
    message: string,
    readonly details: {
      status?: number;
      /** Podium's own error code. */
      code?: string;
      /** How long Podium wants us to wait; from `Retry-After` (seconds or date), then `ratelimit-reset`. */
      retryAfterMs?: number;
      /** False when it is certain that the request did nothing; true when it may have. */
      mayHaveHappened: boolean;
    },
  ) {
    super(message);
  }
}
