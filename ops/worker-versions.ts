/**
 * The versions of our workers: a session ends on the one that it began on, new ones begin on the current one.
 * Which one that is stands in Temporal, and changes by `promote` alone: an old worker that starts again takes
 * nothing back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { FILES_QUEUE, PODIUM_QUEUE, SESSION_QUEUE, WORKER_DEPLOYMENT } from '../core/session';

const { WorkerDeploymentVersionStatus } = temporal.api.enums.v1;

const CALL_DEADLINE_MS = 10_000;
const LOOK_AGAIN_MS = 500;
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
 * Has new chats begin on a version, once its workers take work from all queues.
 * @param patienceMs how long to wait for them
 * @returns false when they have not come by then; nothing changes
 */
export async function promoteWorkers(client: Client, buildId: string, patienceMs: number): Promise<boolean> {
  const { namespace } = client.options;
  const until = Date.now() + patienceMs;
  while (!(await takesWork(client, buildId))) {
    if (Date.now() >= until) return false;
    await sleep(LOOK_AGAIN_MS);
  }
  await call(client, () =>
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
    call(client, () =>
      client.workflowService.describeWorkerDeployment({ namespace, deploymentName: WORKER_DEPLOYMENT }),
    ),
  );
  return answer?.workerDeploymentInfo ?? null;
}

async function takesWork(client: Client, buildId: string): Promise<boolean> {
  const answer = await orNull(
    call(client, () =>
      client.workflowService.describeWorkerDeploymentVersion({
        namespace: client.options.namespace,
        deploymentVersion: { deploymentName: WORKER_DEPLOYMENT, buildId },
      }),
    ),
  );
  const queues = new Set(answer?.versionTaskQueues.map(({ name }) => name));
  return [SESSION_QUEUE, PODIUM_QUEUE, FILES_QUEUE].every((queue) => queues.has(queue));
}

async function countOpen(client: Client, buildId: string): Promise<number> {
  const query = `TemporalWorkerDeploymentVersion = "${WORKER_DEPLOYMENT}:${buildId}" and ExecutionStatus = "Running"`;
  const { count } = await call(client, () => client.workflow.count(query));
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

function call<T>(client: Client, work: () => Promise<T>): Promise<T> {
  return client.withDeadline(Date.now() + CALL_DEADLINE_MS, work);
}
