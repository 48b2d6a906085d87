/**
 * The guarded send, of a text or of a file with its words. Each attempt looks what became of the one before, then
 * comes to the door, which reads the opt-out and writes the intent in one transaction; only then does the text
 * leave, and at once.
 */
import { ApplicationFailure, Context, log, metricMeter } from '@temporalio/activity';
import { PodiumError, type PodiumErrorKind, type SentMessage } from '../podium/api';
import { describeSpan, inSpan } from '../core/spans';
import { replaceLocations } from '../store/locations';
import { recordOptOut } from '../store/opt-outs';
import { lookBack, openDoor, type Door } from '../store/door';
import { settleSend, type SendOutcome } from '../store/sends';
import { conversationOf } from './conversation';
import { earlierAttempt, SETTLES_MS } from './earlier-attempt';
import { callPodium, mayPass, toActivityFailure } from './podium-failure';
import type { Sendable, SendDependencies, TextOutcome } from './sendable';

/** The time limit of Podium's answer, and the time to write it down; and what the largest file takes besides. */
const POST_TAKES_MS = 12_000;
const UPLOAD_TAKES_MS = 55_000;

/** A token that was rejected is renewed by then. Where it cannot be, the next attempt ends before the door. */
const WITH_NEW_TOKEN_MS = 1_000;

/** Podium is asked a little more than a minute after it told of an opt-out that may be our own. */
const UNSETTLED_MS = 10_000;

/** However long Podium leaves us in the dark, it is asked again by then. */
const SETTLES_AT_LAST_MS = 60_000;

/** What may be wrong on our side, with what mends it: the text as it is to go out then, or null. */
const MENDS: Partial<
  Record<PodiumErrorKind, (deps: SendDependencies, send: Sendable) => Promise<Sendable | null>>
> = {
  invalid_location: withLocationsReadAnew,
  not_found: withKnownConversation,
};

/**
 * One attempt to send. It throws only what Temporal is to retry; the next attempt comes to the
 * door again. It may take more than one call to Podium: to read what became of an attempt of unknown
 * outcome, and to mend, once, what Podium does not know.
 */
export async function sendGuarded(deps: SendDependencies, send: Sendable): Promise<TextOutcome> {
  try {
    const outcome = await tryToSend(deps, send, latestPost(send));
    count(send, outcome.status);
    log.info('An attempt to send has ended', { purpose: send.purpose, outcome: outcome.status });
    return outcome;
  } catch (error) {
    count(send, 'tried_again');
    throw error;
  }
}

function count({ purpose }: Sendable, outcome: TextOutcome['status'] | 'tried_again'): void {
  describeSpan({ 'webchat.purpose': purpose, 'webchat.outcome': outcome });
  metricMeter
    .createCounter('podium_webchat_sends_total', undefined, 'Attempts to send, by what became of them.')
    .add(1, { purpose, outcome });
}

/** By when a text must be on its way, so that no next attempt begins beside its post. In ms since 1970. */
function latestPost({ file }: Sendable): number {
  const takes = POST_TAKES_MS + (file ? UPLOAD_TAKES_MS : 0);
  const { startToCloseTimeoutMs: one, scheduleToCloseTimeoutMs: all } = Context.current().info;
  // Temporal cuts an attempt's time to that of all of them together, and then no other one follows.
  return all > 0 && all <= one ? Infinity : Date.now() + one - takes;
}

/** What is slow comes first, then the door, and behind it nothing but the post. `latest` in ms since 1970. */
async function tryToSend(
  deps: SendDependencies,
  send: Sendable,
  latest: number,
  mended = false,
): Promise<TextOutcome> {
  const { pool, podium } = deps;
  const phoneHash = deps.phoneHash(send.phone);
  const { count, unknownSince, clockBehindMs } = await orNothingLeaves(() => lookBack(pool, send.sendId));
  const earlier = unknownSince && (await earlierAttempt(deps, send, unknownSince));
  if (earlier) return earlier;
  // A turn that is waited for and a token that is fetched take seconds: behind the door, a STOP could come in between.
  const call = send.file ? 'sendAttachment' : 'sendMessage';
  await inSpan('prepare to send', () => callPodium(() => podium.prepare(call)));
  const now = new Date(Date.now() + clockBehindMs);
  const wanted = { ...send, phoneHash, now, heldBack: deps.heldBySettings(send, now) };
  const door = await inSpan('pass the door', () => orNothingLeaves(() => openDoor(pool, wanted, count)));
  if (door.kind !== 'open') return withoutSending(door, send);
  if (Date.now() > latest) return tooLate(deps, send);
  try {
    return await post(deps, send, { since: door.since, mayStandTwice: door.since < now });
  } catch (error) {
    if (!(error instanceof PodiumError)) throw toBeReadLater(error, door.since);
    const mend = mended ? undefined : MENDS[error.kind];
    return mend ? sendMended(deps, send, error, mend, latest) : afterError(deps, send, error, door.since);
  }
}

async function post(
  deps: SendDependencies,
  send: Sendable,
  { since, mayStandTwice }: { since: Date; mayStandTwice: boolean },
): Promise<TextOutcome> {
  const { messageUid, conversationUid, at } = await give(deps, send);
  await settleSend(deps.pool, send.sendId, { kind: 'sent', messageUid, conversationUid, at });
  const readFrom = mayStandTwice && since < at ? since : at;
  return { status: 'sent', at: readFrom.getTime(), since: since.getTime(), conversationUid };
}

function give({ podium, senderName }: SendDependencies, { file, ...send }: Sendable): Promise<SentMessage> {
  if (!file) return podium.sendMessage({ ...send, senderName });
  if (send.purpose !== 'forwarded_file') return podium.sendAttachment({ ...send, senderName, file });
  if (!podium.forwardCustomerFile) throw cannotForward();
  return podium.forwardCustomerFile({ ...send, senderName, file });
}

/** The contract is another one by now, in which the call would text the customer. */
const cannotForward = () =>
  new PodiumError('invalid', 'forward file: there is no such call.', { mayHaveHappened: false });

/** What became of the text could not be written down: it is looked up like any other that may have left. */
function toBeReadLater(cause: unknown, since: Date): ApplicationFailure {
  return ApplicationFailure.create({
    message: 'What became of a text could not be written down.',
    type: 'not_written_down',
    nextRetryDelay: untilSettled(since),
    ...(cause instanceof Error && { cause }),
  });
}

/** The store away: nothing may leave. */
async function orNothingLeaves<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    log.error('Opt-outs could not be read, so nothing was sent', { code: 'ERR_WEBCHAT_010' });
    throw error;
  }
}

/** A post that outlives this attempt would run beside the next one. */
async function tooLate({ pool }: SendDependencies, send: Sendable): Promise<never> {
  await settleSend(pool, send.sendId, { kind: 'not_sent' });
  throw ApplicationFailure.retryable('Too little time is left of this attempt.', 'too_late');
}

function withoutSending(door: Exclude<Door, { kind: 'open' }>, send: Sendable): TextOutcome {
  switch (door.kind) {
    case 'already_sent':
      return {
        status: 'sent',
        at: door.at.getTime(),
        since: door.since.getTime(),
        conversationUid: null,
      };
    case 'blocked':
      log.warn('A text was held back, since its receiver has opted out', {
        purpose: send.purpose,
        code: 'ERR_WEBCHAT_009',
      });
      return { status: 'blocked' };
    case 'held':
      log.info('A text was held back', { code: door.code });
      return { status: 'held', code: door.code };
    case 'refused':
      return { status: 'refused', code: door.code };
    case 'overtaken':
      throw ApplicationFailure.retryable('Another attempt has passed this one.', 'overtaken');
    case 'unsettled':
      throw ApplicationFailure.create({
        message: 'Podium is being asked whether the customer has opted out.',
        type: 'opt_out_unsettled',
        nextRetryDelay: UNSETTLED_MS,
      });
  }
}

/** What Podium's error means for this text. */
async function afterError(
  deps: SendDependencies,
  send: Sendable,
  error: PodiumError,
  since: Date,
): Promise<TextOutcome> {
  const refuse = async (code: string): Promise<TextOutcome> => {
    await settleSend(deps.pool, send.sendId, { kind: 'refused', code });
    log.warn('Podium refused a text for good', { purpose: send.purpose, code, kind: error.kind });
    return { status: 'refused', code };
  };
  switch (error.kind) {
    case 'opted_out':
      await noteOptOut(deps, send);
      await refuse(error.details.code ?? error.kind);
      return { status: 'blocked' };
    case 'invalid_phone':
      return refuse('ERR_WEBCHAT_001');
    case 'too_large':
      return refuse('ERR_WEBCHAT_005');
    case 'invalid_location':
      return refuse('ERR_WEBCHAT_003');
    default:
      if (!mayPass(error)) return refuse(error.details.code ?? error.kind);
      await settleSend(deps.pool, send.sendId, outcomeAfter(error)).catch((cause: unknown) => {
        throw toBeReadLater(cause, since);
      });
      log.warn('A text could not be sent yet', { purpose: send.purpose, kind: error.kind });
      throw toActivityFailure(error, nextAttempt(error, since));
  }
}

const outcomeAfter = ({ kind, details }: PodiumError): SendOutcome =>
  details.mayHaveHappened ? { kind: 'unknown' } : { kind: 'not_sent', code: kind };

/**
 * The least time until the next attempt, in ms; undefined leaves it to the retry policy. That one counts attempts,
 * those too that a pause has ended: after ten of them a token that was renewed meanwhile would wait for a minute.
 */
function nextAttempt({ kind, details }: PodiumError, since: Date): number | undefined {
  if (details.mayHaveHappened) return untilSettled(since);
  return kind === 'unauthenticated' ? WITH_NEW_TOKEN_MS : undefined;
}

/**
 * How long to wait before an unknown outcome is looked up, in ms; the longer, the longer Podium leaves us in
 * the dark.
 * @param since when the first attempt that may have left began
 */
const untilSettled = (since: Date) =>
  Math.min(Math.max(Date.now() - since.getTime(), SETTLES_MS), SETTLES_AT_LAST_MS);

/** Podium itself holds an opt-out that we did not know of. */
async function noteOptOut({ pool, phoneHash }: SendDependencies, send: Sendable): Promise<void> {
  await recordOptOut(pool, {
    phone: send.phone,
    phoneHash: phoneHash(send.phone),
    wish: 'opt_out',
    source: 'podium',
    actor: 'podium',
    rule: null,
    locationUid: send.locationUid,
    messageUid: null,
    at: null,
  });
}

/** The mended text comes to the door once more. */
async function sendMended(
  deps: SendDependencies,
  send: Sendable,
  error: PodiumError,
  mend: NonNullable<(typeof MENDS)[PodiumErrorKind]>,
  latest: number,
): Promise<TextOutcome> {
  await settleSend(deps.pool, send.sendId, { kind: 'not_sent' });
  const mended = await callPodium(() => mend(deps, send));
  return mended ? tryToSend(deps, mended, latest, true) : afterError(deps, send, error, new Date());
}

/** Podium does not know the location: the list is read anew, for the door to look at. */
async function withLocationsReadAnew(deps: SendDependencies, send: Sendable): Promise<Sendable> {
  await replaceLocations(deps.pool, await deps.podium.listLocations(), new Date());
  return send;
}

/** Podium does not know the conversation: the contact tells which one it has at this very location. */
async function withKnownConversation({ podium }: SendDependencies, send: Sendable): Promise<Sendable | null> {
  const conversationUid = await conversationOf(podium, send, send.conversationUid);
  return conversationUid === null ? null : { ...send, conversationUid };
}
