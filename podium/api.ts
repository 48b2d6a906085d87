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
  /** On all channels and, where Podium has one contact for all locations, with any of them: see `readConversation`. */
  conversationUids: string[];
  /** When Podium itself holds an opt-out for the phone that was asked about. */
  optedOutAt: Date | null;
  /** When Podium last changed the contact; null where it does not tell. */
  updatedAt: Date | null;
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
  /** Whether a file came with it. */
  hasFile: boolean;
}

/** One page of a list. `nextCursor` is null on the last one. */
export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export interface PodiumConversation {
  uid: string;
  locationUid: string | null;
  /** As Podium names it: `phone`, `email`, `facebook`… */
  channel: string | null;
  /** The phone or address of the customer, in the form in which Podium shows it. */
  identifier: string | null;
  closed: boolean;
  lastItemAt: Date | null;
  createdAt: Date | null;
  updatedAt: Date | null;
}

/** A file that goes out. It is read once, from its beginning to its end, while it is being sent. */
export interface OutgoingFile {
  name: string;
  /** Media type, as `image/png`. */
  contentType: string;
  /** Bytes; what `open` gives has exactly so many. */
  size: number;
  open(): NodeJS.ReadableStream | ReadableStream<Uint8Array>;
}

export interface OutgoingAttachment {
  phone: string;
  locationUid: string;
  conversationUid: string | null;
  body: string;
  senderName: string;
  file: OutgoingFile;
}

export interface PodiumWebhook {
  uid: string;
  url: string | null;
  eventTypes: string[];
  /** The location that it belongs to; null when it is an organization's. */
  locationUid: string | null;
  organizationUid: string | null;
  disabled: boolean;
  /** Of its secret (`core/webhook-secrets`); null where Podium tells none. */
  secretFingerprint: string | null;
  createdAt: Date | null;
  updatedAt: Date | null;
}

/** A webhook to be made. It belongs to one location or to the organization. */
export type NewWebhook = { url: string; eventTypes: string[]; secret: string } & (
  { locationUid: string } | { organizationUid: string }
);

/** The calls before which the opt-out is looked at, so that nothing may hold them up behind that. */
export type Send = 'sendMessage' | 'sendAttachment' | 'importMessage';

export interface PodiumApi {
  /**
   * Does all that may take time before such a call, so that the call after it leaves at once: waits
   * for its turn, and has an access token at hand. No HTTP call as long as one is good. While Podium has paused
   * the call, `PodiumError` of kind `throttled`.
   */
  prepare(send: Send): Promise<void>;
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
  /** Only after `prepare`, which looks at the limits for it. */
  sendMessage(message: {
    phone: string;
    locationUid: string;
    conversationUid: string | null;
    body: string;
    senderName: string;
  }): Promise<SentMessage>;
  /** The newest messages of a conversation, newest first: one page, or all where Podium begins with the oldest. */
  listMessages(conversationUid: string): Promise<ConversationMessage[]>;
  /**
   * A conversation, or null when Podium has none of this uid. There is no such call where a contact is one of a
   * location, and so are its conversations.
   */
  readonly readConversation: ((conversationUid: string) => Promise<PodiumConversation | null>) | null;
  /** Conversations of a location on all channels, at most 100 at a time, in Podium's order. */
  pageOfConversations(locationUid: string, cursor: string | null): Promise<Page<PodiumConversation>>;
  /** Messages of a conversation in Podium's order. `raw` is the message as Podium gave it. */
  pageOfMessages(
    conversationUid: string,
    cursor: string | null,
  ): Promise<Page<ConversationMessage & { raw: unknown }>>;
  /** Sends a file to the customer, after `prepare`. Takes up to a minute more than other calls. A file too large: `PodiumError` of kind `too_large`. */
  sendAttachment(attachment: OutgoingAttachment): Promise<SentMessage>;
  /** Shows the store a file that the customer sent us, after `prepare('sendAttachment')`. Null where there is no such call: published, it would go to the customer. */
  readonly forwardCustomerFile: ((attachment: OutgoingAttachment) => Promise<SentMessage>) | null;
  /** Records a message that was said elsewhere. Nobody is texted; the event that follows is an echo of it. */
  importMessage(message: {
    phone: string;
    locationUid: string;
    contactName: string;
    direction: 'inbound' | 'outbound';
    body: string;
    /** When it was said. */
    at: Date;
  }): Promise<SentMessage>;
  addNote(conversationUid: string, body: string, senderName: string): Promise<void>;
  closeConversation(conversationUid: string): Promise<void>;
  /** Null where there is no such call. */
  readonly openConversation: ((conversationUid: string) => Promise<void>) | null;
  /** Tells Podium about our opt-out (`true`) or opt-in. Not whitelisted: `PodiumError` of kind `not_permitted`. */
  setOptOut(phone: string, locationUid: string, optedOut: boolean, contactUid: string | null): Promise<void>;
  /** Every webhook of this application, disabled ones too. */
  listWebhooks(): Promise<PodiumWebhook[]>;
  /** The access token needs the scope of each event type, else `PodiumError` of kind `not_permitted`. */
  createWebhook(webhook: NewWebhook): Promise<PodiumWebhook>;
  /** Changes what is named and nothing else. `disabled: false` also delivers what has queued up meanwhile. */
  updateWebhook(
    uid: string,
    changes: { url?: string; eventTypes?: string[]; secret?: string; disabled?: boolean },
  ): Promise<PodiumWebhook>;
  deleteWebhook(uid: string): Promise<void>;
}

export type PodiumErrorKind =
  | 'throttled' // 429, or held back by our own limits
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
  | 'unreachable'; // timeout, reset, refused; or the file to be sent could not be read

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
      /**
       * How long to wait, in ms: as Podium says in `Retry-After` (seconds or date) or `ratelimit-reset`, or until
       * our own limits allow the call.
       */
      retryAfterMs?: number;
      /** False when it is certain that the request did nothing; true when it may have. */
      mayHaveHappened: boolean;
    },
  ) {
    super(message);
  }
}
