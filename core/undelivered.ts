/**
 * Why a text that Podium had taken did not arrive after all. Podium gives a reason in words and lists none:
 * what can be told from the words has a name here, under which it stands in rows and in the audit.
 */
export type UndeliveredCause =
  'landline' | 'opted_out' | 'no_such_number' | 'unreachable' | 'carrier' | 'unknown';

/** The first that fits counts. The numbers are error codes of Twilio's, which turn up in such reasons. */
const SIGNS: [UndeliveredCause, RegExp][] = [
  ['opted_out', /(?<![a-z]|not )(opted[ _-]?out|unsubscribed)(?![a-z])|replied (with )?\W?stop\b|\b21610\b/i],
  ['landline', /land[ -]?line|\b30006\b/i],
  ['no_such_number', /\b(invalid|no longer|not in service|disconnected|does not exist|21211|21614|30005)\b/i],
  ['unreachable', /\b(unreachable|not reachable|switched off|30003)\b/i],
  ['carrier', /\b(carrier|filtered|blocked|spam|violation|30004|30007)\b/i],
];

/** What the reason comes to. `opted_out` only where it is said outright, since an opt-out follows from it. */
export function undeliveredCause(reason: string | null): UndeliveredCause {
  return SIGNS.find(([, sign]) => reason !== null && sign.test(reason))?.[0] ?? 'unknown';
}
