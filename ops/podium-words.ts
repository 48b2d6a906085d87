/** What Podium's errors mean to somebody on call, and what is to be done. No I/O. */

/** By the kind of the error (`PodiumErrorKind`), as audit rows and failed calls name it. */
const WORDS: Record<string, string> = {
  throttled: 'Podium, or our own limit, allows no more calls for now; it passes by itself',
  unauthenticated: 'Podium does not let us in: "auth status" tells more, "auth login" mends it',
  not_permitted: 'Podium does not permit it: "auth status" tells which scope is missing',
  not_found: 'Podium does not know the conversation or the contact any more',
  conflict: 'Podium says that something else is in its way',
  opted_out: 'the customer has opted out at Podium',
  invalid: 'Podium does not understand it',
  server: 'Podium has trouble of its own',
  unreachable: 'Podium does not answer',
  invalid_request_values: 'Podium does not take it as it is (invalid_request_values)',
};

/** An error of Podium's in words: by our kind, or by the code that Podium gave. */
export function podiumInWords(kindOrCode: string): string {
  return WORDS[kindOrCode] ?? `Podium says ${kindOrCode}`;
}
