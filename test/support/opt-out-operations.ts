/** What clients do to a few customers whom everybody writes to: it all follows from a seed. */
import { BAYVIEW, NORTHSIDE, type SimulatedFault } from './simulator';
import { seeded } from './seeded';

export type Trouble = Omit<SimulatedFault, 'path' | 'method'>;

export interface Send {
  kind: 'send';
  /** The oldest send of this client that has not come to its end is tried once more instead, if there is one. */
  again: boolean;
  channel: 'text' | 'file';
  locationUid: string;
  /** What one of the next calls meets with. */
  trouble: Trouble | null;
}

/** `late`: how much later than it happened we hear of it, in ms. */
export type WishOperation =
  { kind: 'opt_out'; way: OptOutWay; late: number } | { kind: 'opt_in'; way: OptInWay; late: number };

export type Operation = {
  n: number;
  customer: number;
  /** So long after its begin its process is killed, in ms. */
  dies: number | null;
} & (Send | WishOperation);

/** STOP as a text and in a website's chat, a wish in other words; what a person does in Podium's inbox; an operator; a program. */
export const OPT_OUT_WAYS = ['text', 'webchat', 'other_words', 'podium', 'operator', 'api'] as const;
/** START as a text, and the same others. */
export const OPT_IN_WAYS = ['text', 'podium', 'operator', 'api'] as const;
export type OptOutWay = (typeof OPT_OUT_WAYS)[number];
export type OptInWay = (typeof OPT_IN_WAYS)[number];

export const CUSTOMERS = 12;
/** The last of them opt out once and for all, when a third of the operations is done. */
const LEAVE_FOR_GOOD = 3;
/** How often a process is killed in the middle of an operation, and how long after its begin at most. */
export const KILLS = 12;
const DIES_WITHIN_MS = 60;
/** Of a wish that we hear of late. */
const LATEST_MS = 2_000;

/** Phones that belong to nobody; a history names customers by their number. */
export const PHONES = Array.from({ length: CUSTOMERS }, (_, customer) => `+14155550${100 + customer}`);

/** @throws for any other phone: everything that is sent is of these */
export function customerOf(phone: string): string {
  const customer = PHONES.indexOf(phone);
  if (customer < 0) throw new Error('Something was sent to a phone that nobody here has.');
  return String(customer);
}

const TROUBLES: { share: number; trouble: (random: () => number) => Trouble }[] = [
  { share: 0.03, trouble: (random) => ({ delay_ms: Math.ceil(random() * 400) }) },
  { share: 0.01, trouble: () => ({ status: 500 }) },
  { share: 0.01, trouble: () => ({ status: 502, taken: true }) },
  { share: 0.01, trouble: () => ({ drop: 'before' }) },
  { share: 0.01, trouble: () => ({ drop: 'after' }) },
  { share: 0.005, trouble: () => ({ drop: 'within' }) },
  { share: 0.002, trouble: () => ({ expire_tokens: true }) },
  // It holds up everybody for a second.
  { share: 0.0005, trouble: () => ({ status: 429, headers: { 'retry-after': '1' } }) },
];

/** Operations in the order in which they are dealt out to the clients. */
export function planned(seed: number, count: number): Operation[] {
  const random = seeded(seed);
  const killed = new Set(
    Array.from({ length: KILLS }, (_, k) => Math.floor((count * (k + 1)) / (KILLS + 1))),
  );
  return Array.from({ length: count }, (_, n) => {
    const customer = below(CUSTOMERS, random);
    const dies = killed.has(n) ? random() * DIES_WITHIN_MS : null;
    const isLeaving = customer >= CUSTOMERS - LEAVE_FOR_GOOD && n > count / 3;
    return { n, customer, dies, ...drawn(random, isLeaving) };
  });
}

function drawn(random: () => number, isLeaving: boolean): Send | WishOperation {
  const lot = random();
  if (lot < 0.68) return send(random, lot < 0.1);
  const late = random() < 0.2 ? below(LATEST_MS, random) : 0;
  if (lot < 0.78 || isLeaving) return { kind: 'opt_out', way: oneOf(OPT_OUT_WAYS, random), late };
  return { kind: 'opt_in', way: oneOf(OPT_IN_WAYS, random), late };
}

function send(random: () => number, again: boolean): Send {
  const channel = random() < 0.8 ? 'text' : 'file';
  const locationUid = oneOf([NORTHSIDE, BAYVIEW], random);
  let lot = random();
  const found = TROUBLES.find(({ share }) => (lot -= share) < 0);
  return { kind: 'send', again, channel, locationUid, trouble: found?.trouble(random) ?? null };
}

const below = (count: number, random: () => number): number => Math.floor(random() * count);
const oneOf = <T>(all: readonly T[], random: () => number): T => all[below(all.length, random)]!;
