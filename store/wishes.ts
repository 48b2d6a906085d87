/**
 * Wishes about texts among received events: what they ask of the ledger, and the text that may confirm an opt-out.
 * The part of the receiving transaction that comes before all other effects.
 */
import { dealingWith } from '../core/current-trace';
import type { ContactChange, PodiumEvent } from '../core/events';
import type { Queryable } from './database';
import type { JudgedEvent, ReceiveContext } from './receive-context';
import { suppressUnknown } from './erasures';
import { optedOutByPodium, optedOutSince, optOutState, type Wish } from './opt-out-states';
import {
  applyOptOut,
  knownEntries,
  takeBackPodiumOptOut,
  type DatedOptOut,
  type LedgerEntry,
} from './opt-outs';
import { wantConfirmation } from './own-texts';
import { storableKey } from './text';
import { traceIdOf } from './trace-id';

/**
 * Writes the opt-outs and opt-ins among the events. They come first: a STOP counts for all that is in its batch. One
 * by one, but what changes nothing, as nearly all that Podium tells of contacts, costs two statements a batch.
 * @returns those that were wishes and nothing else: no session gets them
 */
export async function applyOptOuts(
  client: Queryable,
  events: JudgedEvent[],
  context: ReceiveContext,
): Promise<Set<JudgedEvent>> {
  const wishes = new Set<JudgedEvent>();
  const outs = new Map(events.map((event) => [event, optOutChanges(event, context)]));
  const cleared = new Map(events.map((event) => [event, clearedOptOuts(event, context)]));
  const changes = [...outs.values()].flat();
  const known = await knownEntries(client, changes);
  const isKnown = new Set(changes.filter((_, i) => known[i] !== null));
  const phonesOf = (some: { phone: string }[]) => some.map(({ phone }) => phone);
  const mayBeTakenBack = await optedOutByPodium(client, phonesOf([...cleared.values()].flat()));
  for (const phone of phonesOf(changes)) mayBeTakenBack.add(phone);
  for (const [place, event] of events.entries()) {
    for (const change of outs.get(event)!) {
      if (isKnown.has(change) || !(await isMeant(client, events.slice(0, place), event, change))) continue;
      if (change.wish === 'opt_in') wishes.add(event);
      await dealingWith(traceIdOf(event.event), async () => {
        const entry = await applyOptOut(client, change);
        if (entry.began) await confirm(client, event, change, entry, context);
      });
    }
    for (const change of cleared.get(event)!)
      if (mayBeTakenBack.has(change.phone)) await takeBackPodiumOptOut(client, change);
  }
  return wishes;
}

/**
 * A word that may be an answer as well is an opt-in only of who has opted out and was silent since, and the store to
 * them: else it may answer a person, who need not have asked by text.
 * @param before of the same batch
 */
async function isMeant(
  client: Queryable,
  before: JudgedEvent[],
  { verdict }: JudgedEvent,
  { wish, phone }: DatedOptOut,
): Promise<boolean> {
  const mayAnswer = 'said' in verdict && verdict.said?.mayAnswer === true;
  if (wish !== 'opt_in' || !mayAnswer) return true;
  const state = await optOutState(client, phone);
  // Of an erased phone nobody knows what was said since.
  if (!state?.optedOut || state.version === 0) return false;
  const optedOutAt = (await optedOutSince(client, phone))!;
  const isSpoken = before.some((each) => isSpeech(each, phone) && timeOf(each) > optedOutAt);
  return !isSpoken && (state.spokenAt === null || state.spokenAt <= optedOutAt);
}

/** Whether somebody says something, other than by an automatic answer, or STOP once more. */
export function isSpeech({ event, verdict }: JudgedEvent, phone: string): boolean {
  const bySomebody =
    event.kind === 'customer_message' || (event.kind === 'store_message' && event.senderUid !== null);
  const isOptOut = 'optOut' in verdict && verdict.optOut !== null;
  return bySomebody && !isOptOut && 'phone' in verdict && verdict.phone === phone;
}

/** Podium's time of an event, or when we heard of it. */
export const timeOf = ({ event, receivedAt }: JudgedEvent) => event.at ?? receivedAt;

/** The one text that an opt-out permits, where the settings want it: of a customer's own, at a store that is served. */
async function confirm(
  client: Queryable,
  { verdict }: JudgedEvent,
  { phone, at: optedOutAt }: DatedOptOut,
  { historyId, version }: LedgerEntry,
  { texts }: ReceiveContext,
): Promise<void> {
  if (texts.confirmation === null || verdict.kind !== 'customer_message') return;
  const { locationUid } = verdict;
  const body = texts.confirmation;
  await wantConfirmation(client, { phone, locationUid, body, historyId, version: version!, optedOutAt });
}

/** Opt-outs in what is not taken in, since its phone was erased after it: they count, and the phone stays unknown. */
export async function applyErasedOptOuts(
  client: Queryable,
  events: JudgedEvent[],
  context: ReceiveContext,
): Promise<void> {
  const changes = events.flatMap((event) => optOutChanges(event, context));
  for (const change of changes.filter(({ wish }) => wish !== 'opt_in'))
    if (!(await suppressUnknown(client, change))) await applyOptOut(client, change);
}

function optOutChanges(received: JudgedEvent, context: ReceiveContext): DatedOptOut[] {
  const { event, verdict, receivedAt } = received;
  const change = (phone: string, at: Date) => ({
    phone,
    phoneHash: context.auditHash(phone),
    wish: 'opt_out' as Wish,
    locationUid: event.locationUid && storableKey(event.locationUid),
    messageUid: event.messageUid && storableKey(event.messageUid),
    at: notAfter(at, receivedAt),
  });
  if (verdict.kind === 'contact_changed') {
    return verdict.optOuts.map(({ phone, at }) => ({
      ...change(phone, at),
      ...{ source: 'podium', actor: 'podium', rule: null, contactUid: contactUid(verdict.change) },
    }));
  }
  if (!('optOut' in verdict) || verdict.phone === null) return [];
  const wished = { ...change(verdict.phone, timeOf(received)), ...writerOf(event) };
  if (verdict.optOut) return [{ ...wished, rule: verdict.optOut.rule }];
  const said = 'said' in verdict ? verdict.said : null;
  // A phone that was typed into a website's chat is nobody's proven own: it opts in nobody.
  if (!said || said.wish === 'help' || (said.wish === 'opt_in' && event.webchat)) return [];
  return [{ ...wished, wish: said.wish, rule: said.rule }];
}

/** Opt-outs that Podium does not hold any more, as an event of a contact tells. */
function clearedOptOuts({ event, verdict, receivedAt }: JudgedEvent, context: ReceiveContext) {
  if (verdict.kind !== 'contact_changed') return [];
  return verdict.cleared.map(({ phone, at, shown }) => ({
    phone,
    phoneHash: context.auditHash(phone),
    locationUid: event.locationUid && storableKey(event.locationUid),
    at: notAfter(at, receivedAt),
    contactUid: contactUid(verdict.change),
    shown,
  }));
}

const contactUid = ({ uid }: ContactChange) => uid && storableKey(uid);

/** Whose opt-out it is. The failure of a text tells that Podium, or the carrier, holds one. */
function writerOf({ kind, webchat }: PodiumEvent): Pick<DatedOptOut, 'source' | 'actor'> {
  if (kind === 'message_failed') return { source: 'podium', actor: 'podium' };
  return { source: webchat ? 'webchat' : 'text', actor: 'customer' };
}

/** A clock that runs ahead must not outrank what comes later. */
export function notAfter(at: Date, receivedAt: Date): Date {
  return at < receivedAt ? at : receivedAt;
}
