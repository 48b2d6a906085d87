/** How the workflows call what deals with files and with much that is old: on a queue of its own, since it takes time. */
import { proxyActivities } from '@temporalio/workflow';
import type { FileActivities } from '../activities/file-activities';
import type { RetentionActivities } from '../activities/retention-activities';
import { FILES_QUEUE } from '../core/session';

/** @param within after how long a call that keeps failing is given up; without it, never */
export function files(within?: '7 days') {
  return proxyActivities<FileActivities & RetentionActivities>({
    taskQueue: FILES_QUEUE,
    startToCloseTimeout: '5 minutes',
    summary: within ? 'file of a customer' : 'deleting by age',
    ...(within ? { scheduleToCloseTimeout: within } : {}),
    retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '1 hour' },
  });
}
