/** What Temporal is to do about an error of Podium: try again, when, or give up. */
import { ApplicationFailure } from '@temporalio/activity';
import { PodiumError, type PodiumErrorKind } from '../podium/api';

/** Errors that pass by themselves, or once somebody has mended the credentials. */
const PASSING: ReadonlySet<PodiumErrorKind> = new Set([
  'throttled',
  'unauthenticated',
  'conflict',
  'server',
  'unreachable',
]);

/** Whether the same call may succeed later. Of an answer that could not be read nobody knows. */
export function mayPass(error: PodiumError): boolean {
  return PASSING.has(error.kind) || error.details.mayHaveHappened;
}

/** What waits for the end of the same pause does not come back in the same instant. */
const JITTER_MS = 1_000;

/**
 * The error as Temporal takes it. `Retry-After` decides about the next attempt, else the retry policy does.
 * @param notBeforeMs the least time until the next attempt
 */
export function toActivityFailure(error: PodiumError, notBeforeMs?: number): ApplicationFailure {
  const { retryAfterMs = notBeforeMs } = error.details;
  const jitterMs = error.kind === 'throttled' ? Math.random() * JITTER_MS : 0;
  return ApplicationFailure.create({
    message: error.message,
    type: error.kind,
    nonRetryable: !mayPass(error),
    ...(retryAfterMs === undefined
      ? {}
      : { nextRetryDelay: Math.max(retryAfterMs, notBeforeMs ?? 0) + jitterMs }),
  });
}

/** Makes a call to Podium; its errors come out as Temporal takes them, all others as they are. */
export async function callPodium<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof PodiumError ? toActivityFailure(error) : error;
  }
}

/** @returns the error where it is Podium's and will never pass; throws all others, Podium's as Temporal takes them */
export function permanent(error: unknown): PodiumError {
  if (!(error instanceof PodiumError)) throw error;
  if (mayPass(error)) throw toActivityFailure(error);
  return error;
}

/** Whether Podium knows what the call is about; its other errors are thrown. */
export async function isKnown(call: () => Promise<void>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (error instanceof PodiumError && error.kind === 'not_found') return false;
    throw error;
  }
}
