/**
 * A worker as one version of the workers. A session ends on the version that it began on, so its workflow may be
 * changed while chats are open; new ones begin on the version that is current, see `podium-webchat workers`.
 */
import type { Client } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { WORKER_DEPLOYMENT } from '../core/session';

const CALL_DEADLINE_MS = 5_000;

/**
 * The part of a worker's options that makes it a version.
 * @param buildId null for a worker that is none: it takes what no version has to take
 */
export function asVersion(buildId: string | null): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (buildId === null) return {};
  return {
    workerDeploymentOptions: {
      version: { deploymentName: WORKER_DEPLOYMENT, buildId },
      useWorkerVersioning: true,
      // Whatever may wait for days says so itself, in its own file.
      defaultVersioningBehavior: 'PINNED',
    },
  };
}

/** One line of the log, so that nobody wonders why a new version gets no new chats. */
export async function tellWhetherCurrent(client: Client, buildId: string, logger: Logger): Promise<void> {
  const current = await currentVersion(client).catch((err: unknown) => {
    logger.warn({ err }, 'The current version of the workers could not be read');
    return buildId;
  });
  if (current === buildId) return;
  logger.warn(
    { buildId, current },
    `New chats begin on ${current === null ? 'workers without a version' : `version ${current}`}; ` +
      `to have them begin here: podium-webchat workers promote ${buildId}`,
  );
}

async function currentVersion(client: Client): Promise<string | null> {
  const { namespace } = client.options;
  const { workerDeploymentInfo } = await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
    client.workflowService.describeWorkerDeployment({ namespace, deploymentName: WORKER_DEPLOYMENT }),
  );
  return workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? null;
}
