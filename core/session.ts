/**
 * The vocabulary of a webchat session: what goes into the workflow, what it keeps, what it tells.
 * Everything is plain JSON, since it travels through signals, histories and continue-as-new.
 */

/** Where a session stands. The values of the search attribute `WebchatStatus`. */
export type SessionStatus = 'active' | 'warned' | 'closing' | 'closed';

/**
 * Why a session ended. The values of the search attribute `WebchatCloseReason`, but for `terminated`: its workflow
 * was ended from outside, and could not say so.
 */
export type CloseReason = 'idle' | 'forced' | 'opted_out' | 'completed' | 'terminated';

/** Podium's clock and ours: times of the two are told apart from so many seconds on. */
export const CLOCKS_DIFFER_SECONDS = 5;

/**
 * One message of the customer, or of a person of the store, as the relay hands it to the workflow. From
 * `delivery` comes the news that a text of ours did not arrive: Podium's reason, and the time of that text.
 */
export interface SessionMessage {
  /** The relay's number: 1, 2, 3… per session, in order of receipt. A redelivered message keeps it. */
  number: number;
  from: 'customer' | 'agent' | 'delivery';
  text: string;
  /** When it was written, by Podium's clock (our first receipt, when Podium gives no time). Ms since 1970. */
  at: number;
  /** When we received it. Ms since 1970. */
  receivedAt: number;
  /** True when it was written into the chat of a website, false for a text message. */
  webchat: boolean;
  conversationUid: string | null;
  /** The customer's name, as far as Podium knows it. */
  name: string | null;
  /** How many files came with it. */
  attachments: number;
  /** It wishes for no more messages in other words: nothing is texted until a person of the store has decided. */
  mayOptOut?: true;
  /** By which all logs tell of it. Runs of earlier versions have none. */
  traceId?: string;
  /** It says no and nothing else, in whatever words: where that answers no question, it may be meant of our texts. */
  refusal?: true;
}

/** A question of the intake. Its `id` names the answer in notes and in the partial state. */
export interface Question {
  id: string;
  kind: 'choice' | 'text' | 'name' | 'email';
  /** What the customer is asked. A choice's options are appended as numbered lines. */
  ask: string;
  /** The same in other words, for the second and last time. */
  askAgain: string;
  /** What the note for the agent calls the answer. */
  label: string;
  /** The options of a `choice`, in order; absent for the other kinds. */
  choices?: string[];
}

/** Texts that the session itself may send. `{location}`, `{question}` and `{answers}` are replaced. */
export interface SessionTexts {
  /** Opens the first reply, in front of the first question. */
  greeting: string;
  /** Opens the first reply when earlier answers were restored. */
  welcomeBack: string;
  /** Said once all questions are answered. */
  handOver: string;
  /** Said when an answer could not be understood twice. */
  handOverUnclear: string;
  /** Put in front of a question that was answered with a mere no. Runs of earlier versions have none. */
  maybeOptOut?: string;
  /** The prompt at 20 min while the customer owes the next word. */
  promptCustomer: string;
  /** The prompt at 20 min while the store owes the next word. */
  promptStore: string;
}

/** What the settings decide about a session; fixed for a run, since it is the workflow's input. */
export interface SessionPolicy {
  idleWarnSeconds: number;
  idleCloseSeconds: number;
  /** A message older than this when it is handled gets no robot's answer. */
  replyWithinSeconds: number;
  /** Whether Podium's conversation is closed too when a person of the store owes the next word. */
  closeWhenStoreOwes: boolean;
  questions: Question[];
  texts: SessionTexts;
}

/** Answers so far, by question id, in the order of asking. */
export type Answers = { questionId: string; label: string; value: string }[];

/** What is kept of an unfinished intake, and given back with the next message. */
export interface PartialState {
  answers: Answers;
  /** The question that waits for its answer; null when none does. */
  waitingFor: string | null;
  /** True once the same question was asked a second time. */
  askedAgain: boolean;
}

/** Input of the workflow `webchatSession`. `carried` is present after a continue-as-new only. */
export interface SessionInput<Carried = unknown> {
  phone: string;
  locationUid: string;
  locationName: string;
  policy: SessionPolicy;
  carried?: Carried;
}

/** Answer of the query `session`. */
export interface SessionView {
  session_uid: string;
  phone_e164: string;
  location_uid: string;
  status: SessionStatus;
  /** ISO time of the customer's last message; null before the first. */
  last_message_at: string | null;
  /** As of the workflow's latest task: a query has no other clock. Whoever asks counts from `idle_since`. */
  idle_seconds: number;
  /** ISO time since when nobody has said a word. */
  idle_since: string;
  /** ISO time of the prompt, should nobody say a word until then; null when none is to come. */
  prompt_at: string | null;
  /** ISO time of the close, should nobody say a word until then; null once the session closes. */
  close_at: string | null;
  /** In words: whose word is waited for, and for what. */
  waiting_for: string;
  partial_state: PartialState;
}

/** Names that Temporal knows; fixed by the product's contract. */
export const WEBCHAT_SESSION = 'webchatSession';
export const SESSION_QUEUE = 'webchat-sessions';
export const PODIUM_QUEUE = 'podium-api';
export const FILES_QUEUE = 'webchat-files';
/** What the versions of our workers are versions of. */
export const WORKER_DEPLOYMENT = 'podium-webchat';
export const MESSAGE_SIGNAL = 'message';
export const OPT_OUT_SIGNAL = 'optOut';
export const FORCE_CLOSE_SIGNAL = 'forceClose';
export const SESSION_QUERY = 'session';
export const CLOSE_UPDATE = 'close';

/** The metric of how late prompts and closes are. */
export const LATENESS = 'podium_webchat_timer_lateness_seconds';
