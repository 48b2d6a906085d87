/**
 * The product's guarded send, looked at from outside: when the door of an attempt can have committed at the
 * earliest, and when the call to Podium began.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import pino from 'pino';
import { withinActivities } from '../../activities/call-share';
import type { TextOutcome } from '../../activities/sendable';
import { sendGuarded } from '../../activities/send-text';
import type { Sendable } from '../../activities/sendable';
import { PODIUM_QUEUE } from '../../core/session';
import type { PodiumApi } from '../../podium/api';
import { connectPodium } from '../../podium/connect';
import { callLimits } from '../../store/call-limits';
import type { Pool } from '../../store/database';
import { storedTokens } from '../../store/podium-tokens';
import { context, testHash } from './received';
import { monotonicMs } from './record';
import { credentials } from './simulator';

/** Ms by `monotonicMs`: the door's transaction commits after the one and before the other. */
export interface DoorPassed {
  after: number;
  before: number;
}

/** Else everybody would wait for Podium's 300 calls a minute. */
const UNHURRIED_PER_MINUTE = 6_000_000;
/** Of the activity: one attempt, of a file too, and all of them together. */
const LIMITS = { startToCloseTimeoutMs: 90_000, scheduleToCloseTimeoutMs: 28 * 60_000 };
const silent = new DefaultLogger('ERROR', () => undefined);

interface Attempt {
  /** When it last asked for a commit since it was prepared: between that and the call only the door commits. */
  committing: number | null;
  onPassed: (door: DoorPassed) => void;
}

const attempts = new AsyncLocalStorage<Attempt>();

/**
 * One attempt to send as the worker makes it, per call.
 * @param pool whose `commit`s are watched from now on: before the first connection
 */
export function watchedSends(pool: Pool, simulatorUrl: string) {
  watchCommits(pool);
  const podium = watched(connect(pool, simulatorUrl));
  const deps = { pool, podium, phoneHash: testHash, senderName: 'Robot', heldBySettings: () => null };
  /** @param onPassed told at the last moment before the call to Podium */
  return (send: Sendable, onPassed: Attempt['onPassed']): Promise<TextOutcome> => {
    const activity = new MockActivityEnvironment({ taskQueue: PODIUM_QUEUE, ...LIMITS }, { logger: silent });
    return attempts.run({ committing: null, onPassed }, () =>
      activity.run((wanted: Sendable) => sendGuarded(deps, wanted), send),
    );
  };
}

function watchCommits(pool: Pool): void {
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...statement: unknown[]) => unknown;
    const watchedQuery = (...statement: unknown[]) => {
      const attempt = attempts.getStore();
      if (attempt && statement[0] === 'commit') attempt.committing = monotonicMs();
      return query(...statement);
    };
    client.query = watchedQuery as typeof client.query;
  });
}

function connect(pool: Pool, url: string): PodiumApi {
  const { share, pauses } = callLimits(pool, UNHURRIED_PER_MINUTE);
  return connectPodium(
    {
      ...{ podiumApiUrl: url, podiumTokenUrl: `${url}/oauth/token`, podiumContract: 'published' },
      ...{ podiumClientId: credentials.clientId, podiumClientSecret: credentials.clientSecret },
      podiumRefreshToken: credentials.refreshToken,
    },
    { podium: { contract: 'published', requests_per_minute: UNHURRIED_PER_MINUTE } },
    storedTokens(pool, context.files.encryptionKeys),
    { share: withinActivities(share), pauses },
    pino({ level: 'silent' }),
  );
}

function watched(podium: PodiumApi): PodiumApi {
  const calls = <Argument, Answer>(call: (argument: Argument) => Answer) => {
    return (argument: Argument): Answer => {
      const { committing, onPassed } = attempts.getStore()!;
      const before = monotonicMs();
      onPassed({ after: committing ?? before, before }); // without a door it begins with the call
      return call(argument);
    };
  };
  return {
    ...podium,
    async prepare(send) {
      await podium.prepare(send);
      attempts.getStore()!.committing = null;
    },
    sendMessage: calls(podium.sendMessage),
    sendAttachment: calls(podium.sendAttachment),
  };
}
