/** How the workflows call the store and Podium. Types only are imported: no activity is in the bundle. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { OptOutAuditActivities, OptOutAuditSteps } from '../activities/opt-out-audit';
import type { PodiumActivities } from '../activities/podium-activities';
import type { ReconciliationActivities, ReconciliationSteps } from '../activities/reconciliation-activities';
import type { SessionActivities } from '../activities/session-activities';
import type { WebhookCheckActivities } from '../activities/webhook-check';
import { PODIUM_QUEUE } from '../core/session';

/** What comes first on Podium's queue while there is more to do than Podium allows. */
export const PRIORITY = {
  answer: 1,
  contact: 1,
  file: 2,
  import: 2,
  prompt: 2,
  close: 2,
  note: 3,
  mirror: 4,
  audit: 5,
} as const;

/**
 * What is given up after so many attempts. A contact that cannot be had holds up no answer for long; the
 * next message tries again. An audit comes again by itself.
 */
const ATTEMPTS: { [Use in keyof typeof PRIORITY]?: number } = { contact: 5, audit: 5 };

/** The largest file takes nearly a minute more than a text. */
const ATTEMPT_TAKES: { [Use in keyof typeof PRIORITY]?: '2 minutes' } = { file: '2 minutes' };

/** Of Temporal's fairness keys. */
const LONGEST_FAIRNESS_KEY = 64;

/** A store that is away is waited for as long as it takes. */
const UNTIL_DONE = {
  startToCloseTimeout: '15 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '1 minute' },
} as const;

/**
 * Opens a session. Not a local activity: should the worker die within a workflow task, its local activities
 * run again, and this one would then read what the others have written since.
 */
export const { openSession } = proxyActivities<Pick<SessionActivities, 'openSession'>>({
  ...UNTIL_DONE,
  summary: 'what is known of this customer',
});

/**
 * The store: short transactions that may be repeated, on the worker that runs the session. Past 5 s between
 * two attempts a durable timer waits, so that a store that is away holds no workflow task.
 */
export const store = proxyLocalActivities<
  Omit<SessionActivities, 'openSession'> & ReconciliationSteps & OptOutAuditSteps
>({
  ...UNTIL_DONE,
  localRetryThreshold: '5 seconds',
});

/**
 * Podium, on its own queue: limited for the whole fleet, urgent calls first, and in each class the
 * locations in turn, so that a busy store does not starve the others. Retried until it is given up, or until
 * `withinMs` are over: Temporal itself sees to that, also while no worker runs.
 */
export function podiumFor(locationUid: string, use: keyof typeof PRIORITY, withinMs?: number) {
  return proxyActivities<
    PodiumActivities & ReconciliationActivities & WebhookCheckActivities & OptOutAuditActivities
  >({
    taskQueue: PODIUM_QUEUE,
    scheduleToCloseTimeout: withinMs,
    // Two HTTP calls with their time limits, and the store; a text that is later than that leaves with the next.
    startToCloseTimeout: ATTEMPT_TAKES[use] ?? '30 seconds',
    retry: {
      initialInterval: '1 second',
      backoffCoefficient: 2,
      maximumInterval: '1 minute',
      maximumAttempts: ATTEMPTS[use] ?? Infinity,
    },
    // Whoever gives a call up does not wait for its answer: the store knows what becomes of it.
    cancellationType: 'TRY_CANCEL',
    priority: { priorityKey: PRIORITY[use], fairnessKey: locationUid.slice(0, LONGEST_FAIRNESS_KEY) },
    summary: use,
  });
}
