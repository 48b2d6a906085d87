/** The audit in plain words: why a customer did or did not get a message. No I/O. */
import { ERROR_CODES, isErrorCode } from '../core/error-codes';
import { PAUSED, QUIET } from '../core/robot';
import type { AuditEntry, AuditKind, StoredEntry } from '../store/audit';
import { podiumInWords } from './podium-words';

type Details = AuditEntry['details'];
type Entry = Pick<StoredEntry, 'kind' | 'details'> & {
  locationUid: string | null;
  /** The store's name, where it is known. */
  location: string | null;
};

/** What happened, and why, where there is something to say. The store stands between the two. */
interface Words {
  what: string;
  why?: string | null;
}

/** @param it the message that it is about, as `A greeting`; for the kinds of sends */
type Wording = (details: Details, it: string) => Words;

const WORDS: Record<AuditKind, Wording> = {
  opt_out: (details) =>
    details['doubtful'] === true
      ? {
          what: 'Podium told of an opt-out about the time of the opt-in',
          why: 'which may be an echo: all texts waited until Podium was asked once more',
        }
      : { what: 'The customer opted out', why: howDeclared(details) },
  opt_in: (details) => ({ what: 'The customer opted in', why: howDeclared(details) }),
  opt_out_asked: (details) => ({
    what: 'The customer may have asked for no more messages, so all were held back',
    why: howDeclared(details),
  }),
  opt_out_dismissed: (details) =>
    details['source'] === 'podium'
      ? { what: 'Podium was asked once more, and holds no opt-out since the opt-in', why: 'so texts go on' }
      : { what: 'The customer had not asked for no more messages after all', why: howDeclared(details) },
  opt_out_without_phone: ({ event, code }) => ({
    what: 'Somebody opted out, and it could not be made out who',
    why: `event ${event} (${code})`,
  }),
  send_intended: ({ attempt, earlierAttemptUnknown }, it) => ({
    what: `${it} was about to be sent`,
    why: earlierAttemptUnknown
      ? `attempt ${attempt}; of an earlier one nobody knows whether it has left`
      : `attempt ${attempt}`,
  }),
  send_blocked: ({ code, earlierAttemptUnknown }, it) => ({
    what: `${it} was not sent`,
    why: earlierAttemptUnknown
      ? `${whyBlocked(code)} (${code}); of an earlier attempt nobody knows whether it has left`
      : `${whyBlocked(code)} (${code})`,
  }),
  send_on_wire: ({ attempt }, it) => ({
    what: `${it} may have been on its way when the customer opted out`,
    why: `attempt ${attempt} had been let through before`,
  }),
  send_after_opt_out: ({ by, code }) =>
    by === 'agent'
      ? {
          what: 'A person wrote to the customer after the opt-out',
          why: `in Podium, past this product (${code})`,
        }
      : { what: 'Podium wrote to the customer after the opt-out', why: 'by itself' },
  send_refused: ({ code }, it) =>
    HELD[String(code)]
      ? { what: `${it} was held back`, why: `${HELD[String(code)]} (${code})` }
      : { what: `${it} was refused for good`, why: reasonOf(code) },
  send_sent: ({ by }, it) => ({ what: `${it} was sent`, why: by === 'echo' ? "Podium's event told" : null }),
  send_not_sent: ({ attempt, code }, it) => ({
    what: `${it} was not sent`,
    why: `attempt ${attempt}; ${code ? podiumInWords(String(code)) : 'Podium could not take it'}`,
  }),
  send_outcome_unknown: (_, it) => ({
    what: `Nobody knows whether ${lower(it)} was sent`,
    why: "Podium's answer did not come",
  }),
  send_found: (_, it) => ({ what: `${it} had been sent`, why: 'it stands in the conversation' }),
  send_not_found: ({ messages }, it) => ({
    what: `${it} had not been sent`,
    why: `it is not among the ${messages} message(s) of the conversation`,
  }),
  send_failed: ({ cause }, it) => ({
    what: `${it} did not arrive`,
    why: UNDELIVERED[String(cause)] ?? String(cause),
  }),
  send_doubled: (_, it) => ({
    what: `${it} stands in the conversation twice`,
    why: 'an attempt that was not to be found came late',
  }),
  session_closed: ({ reason, actor, because }) => ({
    what: actor ? `The chat was closed by ${actor}` : 'The chat was closed',
    why: `${CLOSED[String(reason)] ?? String(reason)}${because ? `, "${because}"` : ''}`,
  }),
  wait_ended: ({ actor }) => ({ what: 'The chat waits for a person no more', why: `closed by ${actor}` }),
  file_kept: ({ content_type, size }) => ({ what: `A file was kept (${content_type}, ${size} bytes)` }),
  file_refused: ({ code }) => ({ what: 'A file was not taken', why: reasonOf(code) }),
  file_deleted: () => ({ what: 'A file was deleted' }),
  webhook_change_wanted: ({ action, webhook_uid, actor }) => ({
    what: webhook_uid
      ? `The webhook ${webhook_uid} was about to be changed at Podium`
      : 'A webhook was about to be made at Podium',
    why: `${action}, by ${actor}`,
  }),
  webhook_changed: ({ action, webhook_uid, actor }) => ({
    what: `The webhook ${webhook_uid} was changed at Podium`,
    why: `${action}, by ${actor}`,
  }),
  robot_paused: ({ actor }) => ({ what: 'The robot was paused', why: `by ${actor}` }),
  workers_promotion_wanted: ({ actor, build }) => ({
    what: 'New chats were about to begin on another version of the workers',
    why: `${build}, by ${actor}`,
  }),
  locations_refreshed: ({ actor, locations }) => ({
    what: 'The list of stores was read anew',
    why: `${locations} of them, by ${actor}`,
  }),
  mirrors_retried: ({ actor, tried }) => ({
    what: 'Podium was to be told again of opt-outs',
    why: `of ${tried} phone(s) first, by ${actor}`,
  }),
  access_authorized: ({ actor }) => ({
    what: 'A user of Podium has authorized the application anew',
    why: `by ${actor}`,
  }),
  person_exported: ({ actor }) => ({
    what: 'All that is held of the customer was read',
    why: `exported by ${actor}`,
  }),
  event_body_read: ({ event, actor }) => ({
    what: `The body of event ${event} was read, with phone and words`,
    why: `by ${actor}`,
  }),
  workers_promoted: ({ actor, build }) => ({
    what: 'New chats began on another version of the workers',
    why: `${build}, promoted by ${actor}`,
  }),
  robot_resumed: ({ actor }) => ({ what: 'The robot may speak again', why: `by ${actor}` }),
  event_set_aside: ({ event, actor }) => ({ what: `Event ${event} was set aside`, why: `by ${actor}` }),
  event_replayed: ({ event, actor }) => ({
    what: `Event ${event} was let out of quarantine`,
    why: `by ${actor}`,
  }),
  schedule_run: ({ name, actor }) => ({ what: `The schedule ${name} was begun by hand`, why: `by ${actor}` }),
  event_ingested: ({ actor, status }) => ({
    what: 'An event was given by hand',
    why: `by ${actor}, ${status}`,
  }),
  opt_out_drift_found: ({ reason, mend }) => ({
    what: "Our ledger and Podium's contact did not say the same of an opt-out",
    why: mend
      ? `${String(reason).replaceAll('_', ' ')}, which was mended`
      : String(reason).replaceAll('_', ' '),
  }),
  erased: ({ actor }) => ({ what: 'All that was held of the customer was deleted', why: `by ${actor}` }),
  message_imported: () => ({ what: "A message from the website was put into Podium's inbox" }),
  message_import_refused: ({ code, earlierAttemptUnknown }) => ({
    what: 'Podium does not take a message from the website into its inbox',
    why: earlierAttemptUnknown
      ? `${reasonOf(code)}; of an earlier attempt nobody knows whether it stands there`
      : reasonOf(code),
  }),
  import_doubled: () => ({
    what: "A message from the website stands in Podium's inbox twice",
    why: 'an attempt that was not to be found came late',
  }),
  message_found: ({ status, code }) => ({
    what: 'A message of the customer was found in Podium that no webhook had brought',
    why: code ? `${status}, ${reasonOf(code)}` : String(status),
  }),
};

const MESSAGES: Record<string, string> = {
  ask_again: 'A repeated question',
  hand_over: 'A hand-over to the store',
  prompt: 'A question whether the customer is still there',
  forwarded_file: 'A file for the store',
};

/** Nobody has refused these. */
const HELD: Record<string, string> = {
  [PAUSED]: 'the robot is paused',
  [QUIET]: 'the store has its quiet hours',
};

const SOURCES: Record<string, string> = {
  webchat: 'in the chat of a website',
  text: 'by text',
  operator: 'through an operator',
  api: 'through the API',
  podium: 'at Podium',
};

const CLOSED: Record<string, string> = {
  idle: 'nobody wrote any more',
  forced: 'a person wanted it so',
  opted_out: 'the customer has opted out',
  completed: 'all was said',
  terminated: 'its workflow had been ended in Temporal',
};

const UNDELIVERED: Record<string, string> = {
  landline: 'the number is a landline',
  opted_out: 'the customer has opted out at the carrier or at Podium',
  no_such_number: 'there is no such number',
  unreachable: 'the phone could not be reached',
  carrier: 'the carrier held it back',
  unknown: 'Podium gave no reason that we know',
};

/** A sentence for each entry of one customer, in their order: what a send was for stands with its first entry only. */
export function entriesInWords(entries: readonly Entry[]): string[] {
  const purposes = new Map<unknown, string>();
  return entries.map(({ kind, details, location, locationUid }) => {
    const { send, purpose } = details;
    if (typeof purpose === 'string') purposes.set(send, purpose);
    const wording = Object.hasOwn(WORDS, kind) ? WORDS[kind as AuditKind] : () => ({ what: kind });
    const { what, why }: Words = wording(details, messageOf(purposes.get(send)));
    const where = location ?? locationUid;
    return `${what}${where ? ` at ${where}` : ''}${why ? `: ${why}` : ''}`;
  });
}

function messageOf(purpose: string | undefined): string {
  if (purpose === undefined) return 'A message';
  return MESSAGES[purpose] ?? `A ${purpose.replaceAll('_', ' ')}`;
}

const whyBlocked = (code: Details[string] | undefined) =>
  code === 'ERR_WEBCHAT_018'
    ? 'somebody is to decide whether the customer has opted out'
    : 'the customer has opted out';

function howDeclared({ source, actor, authenticated, rule, proof, applied }: Details): string {
  const how = [
    SOURCES[String(source)] ?? source,
    actor && actor !== 'customer' && actor !== source && `by ${actor}${authenticated ? '' : ', as declared'}`,
    rule && `rule "${rule}"`,
    proof === true && 'with proof',
    applied === false && 'which changed nothing',
  ];
  return how.filter(Boolean).join(', ');
}

function reasonOf(code: Details[string] | undefined): string {
  const text = String(code);
  if (!isErrorCode(text)) return podiumInWords(text);
  return `${lower(ERROR_CODES[text].message).replace(/\.$/, '')} (${text})`;
}

const lower = (sentence: string) => sentence.charAt(0).toLowerCase() + sentence.slice(1);
