/**
 * What a run with opt-outs and sends has left behind, checked afterwards for I2: after an opt-out has committed and
 * before a later opt-in, no attempt to send to that customer begins. Nothing here looks at a database or a clock.
 *
 * The check never blames without proof. Of whatever is not known to the instant, what speaks for the system is taken.
 */

/**
 * Somebody wants texts no more, or again. A wish in other words counts as an opt-out until it is undone: nothing is sent
 * either. Times are in ms, by one clock for the whole history.
 */
export interface Wish {
  /** Any name that says nothing of the phone. */
  customer: string;
  optedOut: boolean;
  /** Podium's time of it: of two wishes the later one counts, and of two at the same time the opt-out. */
  at: number;
  /** Before anything of it can have reached the ledger. */
  invoked: number;
  /** By then it was committed for certain; null where that was never heard. */
  completed: number | null;
}

/** An attempt to send that has passed the door. */
export interface Attempt {
  customer: string;
  /** The door's transaction has committed between these two. */
  after: number;
  before: number;
}

/** A text or a file has arrived at Podium. */
export interface Arrival {
  customer: string;
  at: number;
}

export interface History {
  wishes: Wish[];
  attempts: Attempt[];
  arrivals: Arrival[];
}

export interface Violation {
  rule: 'begun after an opt-out' | 'arrived long after an opt-out' | 'arrived without an attempt';
  customer: string;
  /** When, in ms by the history's clock. */
  at: number;
  /** The opt-out that it should have heeded, where it is one that was heeded not. */
  optOut?: Wish;
}

/** A call that was on the wire already: the door's commit is answered within 11 s, and the call given up after 10 s. */
export const ON_THE_WIRE_MS = 21_000;
/** Arrivals are timed by the clock of another process. */
export const CLOCKS_DIFFER_MS = 1_000;

/** Everything in a history that must not be. */
export function violations(history: History): Violation[] {
  const customers = new Set([...history.attempts, ...history.arrivals].map(({ customer }) => customer));
  return [...customers].flatMap((customer) => {
    const own = <T extends { customer: string }>(all: T[]) =>
      all.filter((each) => each.customer === customer);
    const wishes = own(history.wishes);
    const attempts = own(history.attempts).sort((one, other) => one.after - other.after);
    const arrivals = own(history.arrivals).sort((one, other) => one.at - other.at);
    return [
      ...begunAfterOptOut(wishes, attempts),
      ...arrivedLongAfterOptOut(wishes, arrivals),
      ...arrivedWithoutAttempt(attempts, arrivals),
    ];
  });
}

function begunAfterOptOut(wishes: Wish[], attempts: Attempt[]): Violation[] {
  return attempts.flatMap(({ customer, after, before }) => {
    const optOut = optOutInForce(wishes, after, before);
    return optOut ? [{ rule: 'begun after an opt-out', customer, at: after, optOut }] : [];
  });
}

/** This needs no record of attempts: it holds for whatever can send, also past the door. */
function arrivedLongAfterOptOut(wishes: Wish[], arrivals: Arrival[]): Violation[] {
  return arrivals.flatMap(({ customer, at }) => {
    const optOut = optOutInForce(wishes, at - CLOCKS_DIFFER_MS - ON_THE_WIRE_MS, at + CLOCKS_DIFFER_MS);
    return optOut ? [{ rule: 'arrived long after an opt-out', customer, at, optOut }] : [];
  });
}

/** At any moment no more has arrived than was begun. */
function arrivedWithoutAttempt(attempts: Attempt[], arrivals: Arrival[]): Violation[] {
  let begun = 0;
  return arrivals.flatMap(({ customer, at }) => {
    const attempt = attempts[begun];
    if (attempt && attempt.after <= at + CLOCKS_DIFFER_MS) {
      begun += 1;
      return [];
    }
    return [{ rule: 'arrived without an attempt', customer, at }];
  });
}

/** The opt-out that had committed by `committedBy`, and that no opt-in wanted by `wantedBy` can have undone. */
function optOutInForce(wishes: Wish[], committedBy: number, wantedBy: number): Wish | null {
  const heard = wishes.filter(
    ({ optedOut, completed }) => optedOut && completed !== null && completed <= committedBy,
  );
  const undoing = wishes.filter(({ optedOut, invoked }) => !optedOut && invoked <= wantedBy);
  const lastIn = Math.max(-Infinity, ...undoing.map(({ at }) => at));
  return heard.find(({ at }) => at >= lastIn) ?? null;
}
