/** The versions of the workers: on which one new chats begin. */
import { z } from 'zod';
import { writeAct } from '../../store/audit';
import { operation, OperationRefused } from '../operation';
import { listWorkerVersions, promoteWorkers as promote } from '../worker-versions';

const LONGEST_WAIT_SECONDS = 60;

const build = z
  .string()
  .regex(/^[\w.-]{1,64}$/)
  .describe('A version, as WEBCHAT_BUILD_ID names it');

export const listWorkers = operation({
  name: 'workers list',
  summary: 'On which version of the workers new chats begin, and which versions are still needed',
  input: z.strictObject({}),
  output: z.object({
    current: build
      .nullable()
      .describe('On which new chats begin; null while that is workers without a version'),
    versions: z.array(
      z.object({
        build,
        status: z.string().describe('As Temporal says: current, draining, drained, inactive'),
        open_workflows: z.int().describe('That are open on it'),
      }),
    ),
  }),
  async run({ temporal }) {
    const { current, versions } = await listWorkerVersions(temporal);
    return {
      current,
      versions: versions.map(({ buildId, status, openWorkflows }) => ({
        ...{ build: buildId, status, open_workflows: openWorkflows },
      })),
    };
  },
});

export const promoteWorkers = operation({
  name: 'workers promote',
  summary:
    'New chats begin on a version from now on, once its workers take work; open ones end where they began',
  input: z.strictObject({
    build,
    wait_seconds: z.int().min(0).max(LONGEST_WAIT_SECONDS).default(0).describe('For its workers to run'),
  }),
  output: z.object({ current: build }),
  async run({ temporal, pool }, { build: buildId, wait_seconds: seconds }, { actor }) {
    const act = { actor, details: { build: buildId } };
    const noteWish = () => writeAct(pool, { kind: 'workers_promotion_wanted', ...act });
    if (!(await promote(temporal, buildId, seconds * 1000, noteWish)))
      throw new OperationRefused('refused', {
        code: 'ERR_OPS_WORKERS_MISSING',
        message: `No worker with WEBCHAT_BUILD_ID=${buildId} takes work from all queues. Nothing was changed.`,
        hint: 'Start one first; "workers list" shows the versions that Temporal knows.',
      });
    await writeAct(pool, { kind: 'workers_promoted', ...act });
    return { current: buildId };
  },
});
