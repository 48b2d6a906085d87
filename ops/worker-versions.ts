/**
 * The versions of our workers: a session ends on the one that it began on, new ones begin on the current one.
 * Which one that is stands in Temporal, and changes by `promote` alone: an old worker that starts again takes
 * nothing back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import {
  FILES_QUEUE,
  PODIUM_QUEUE,
  SESSION_QUEUE,
  WEBCHAT_SESSION,
  WORKER_DEPLOYMENT,
} from '../core/session';
import { askedAt, describeQueue } from './task-queues';
import { within } from './temporal';

const { WorkerDeploymentVersionStatus } = temporal.api.enums.v1;

const LOOK_AGAIN_MS = 500;
/** A worker asks for work anew every minute. */
const GONE_AFTER_MS = 120_000;
/** Of grpc. */
const [NOT_FOUND, FAILED_PRECONDITION] = [5, 9];

export interface WorkerVersion {
  buildId: string;
  /** `current`; `draining` while workflows are open on it, `drained` (by Temporal's word) when it may end. */
  status: string;
  /** Workflows that are open on it, and end on it or go on with it. */
  openWorkflows: number;
}

export interface WorkerVersions {
  /** On which new chats begin; null while that is workers without a version. */
  current: string | null;
  /** The youngest first. */
  versions: WorkerVersion[];
}

/** What Temporal knows of our workers' versions. */
export async function listWorkerVersions(client: Client): Promise<WorkerVersions> {
  const info = await describe(client);
  const versions = (info?.versionSummaries ?? []).map(async ({ deploymentVersion, status }) => {
    const buildId = deploymentVersion?.buildId ?? '';
    return { buildId, status: nameOf(status ?? 0), openWorkflows: await countOpen(client, buildId) };
  });
  return {
    current: info?.routingConfig?.currentDeploymentVersion?.buildId ?? null,
    versions: await Promise.all(versions),
  };
}

/**
 * Builds on which chats are open and of which no worker runs: these chats stand still until one does.
 * @param goneAfterMs without asking for work, a worker counts as gone
 */
export async function versionsLeftAlone(client: Client, goneAfterMs = GONE_AFTER_MS): Promise<string[]> {
  const info = await describe(client);
  const builds = (info?.versionSummaries ?? []).map(
    ({ deploymentVersion }) => deploymentVersion?.buildId ?? '',
  );
  const running = builds.length > 0 ? await runningBuilds(client, goneAfterMs) : new Set();
  const alone = builds.filter((build) => !running.has(build));
  const open = await Promise.all(alone.map((build) => countOpen(client, build, WEBCHAT_SESSION)));
  return alone.filter((_, i) => open[i]! > 0);
}

async function runningBuilds(client: Client, goneAfterMs: number): Promise<Set<string>> {
  const { pollers } = await within(client, () =>
    describeQueue(client, { queue: SESSION_QUEUE, kind: 'workflow' }),
  );
  const since = Date.now() - goneAfterMs;
  const lately = pollers.filter((poller) => askedAt(poller) >= since);
  return new Set(lately.map(({ deploymentOptions }) => deploymentOptions?.buildId ?? ''));
}

/**
 * Has new chats begin on a version, once its workers take work from all queues.
 * @param patienceMs how long to wait for them
 * @param before done once they have come, before anything changes
 * @returns false when they have not come by then; nothing changes
 */
export async function promoteWorkers(
  client: Client,
  buildId: string,
  patienceMs: number,
  before: () => Promise<void>,
): Promise<boolean> {
  const { namespace } = client.options;
  const until = Date.now() + patienceMs;
  while (!(await takesWork(client, buildId))) {
    if (Date.now() >= until) return false;
    await sleep(LOOK_AGAIN_MS);
  }
  await before();
  await within(client, () =>
    client.workflowService.setWorkerDeploymentCurrentVersion({
      ...{ namespace, deploymentName: WORKER_DEPLOYMENT, buildId },
      identity: client.options.identity,
    }),
  );
  return true;
}

async function describe(client: Client) {
  const { namespace } = client.options;
  const answer = await orNull(
    within(client, () =>
      client.workflowService.describeWorkerDeployment({ namespace, deploymentName: WORKER_DEPLOYMENT }),
    ),
  );
  return answer?.workerDeploymentInfo ?? null;
}

async function takesWork(client: Client, buildId: string): Promise<boolean> {
  const answer = await orNull(
    within(client, () =>
      client.workflowService.describeWorkerDeploymentVersion({
        namespace: client.options.namespace,
        deploymentVersion: { deploymentName: WORKER_DEPLOYMENT, buildId },
      }),
    ),
  );
  const queues = new Set(answer?.versionTaskQueues.map(({ name }) => name));
  return [SESSION_QUEUE, PODIUM_QUEUE, FILES_QUEUE].every((queue) => queues.has(queue));
}

/** @param workflowType of all types, where it is left out */
async function countOpen(client: Client, buildId: string, workflowType?: string): Promise<number> {
  const ofType = workflowType === undefined ? '' : ` and WorkflowType = "${workflowType}"`;
  const query = `TemporalWorkerDeploymentVersion = "${WORKER_DEPLOYMENT}:${buildId}" and ExecutionStatus = "Running"${ofType}`;
  const { count } = await within(client, () => client.workflow.count(query));
  return count;
}

function nameOf(status: number): string {
  return (WorkerDeploymentVersionStatus[status] ?? '')
    .replace('WORKER_DEPLOYMENT_VERSION_STATUS_', '')
    .toLowerCase();
}

/** What Temporal has not heard of yet. */
function orNull<T>(answer: Promise<T>): Promise<T | null> {
  return answer.catch((error: unknown) => {
    if (isGrpcServiceError(error) && [NOT_FOUND, FAILED_PRECONDITION].includes(error.code)) return null;
    throw error;
  });
}
