/** The robot: paused, or allowed to speak. */
import { z } from 'zod';
import { pauseRobot as pause, resumeRobot as resume, robotPauses } from '../../store/robot-pauses';
import { nullableTime, operation, storeInput, type OpsTools } from '../operation';
import { asListed, findStore, storeMeant } from '../store-meant';

const where = z.strictObject({
  location_uid: storeInput.optional().describe('For one store, by its uid or its name; for all, if left out'),
});

const status = z.object({
  paused_for_all: z.boolean(),
  pauses: z.array(
    z.object({
      location_uid: z.string().nullable().describe('Null for all stores'),
      by: z.enum(['operator', 'settings']).describe('What the settings pause, no command lets speak'),
      since: nullableTime,
      actor: z.string().nullable(),
    }),
  ),
});
const changed = status.extend({ changed: z.boolean().describe('False when it was so already') });

export const pauseRobot = operation({
  name: 'robot pause',
  summary:
    'The robot says nothing by itself from now on; messages still reach the store, and persons still send',
  input: where,
  output: changed,
  async run(tools, { location_uid }, { actor }) {
    // A uid with a slip in it would pause nothing.
    const locationUid =
      location_uid === undefined ? null : asListed(await findStore(tools, location_uid)).uid;
    const done = await pause(tools.pool, locationUid, actor);
    return { changed: done, ...(await statusOf(tools)) };
  },
});

export const resumeRobot = operation({
  name: 'robot resume',
  summary: 'The robot may speak again, in chats that begin now; those that it has left stay with the store',
  input: where,
  output: changed,
  async run(tools, { location_uid }, { actor }) {
    const done = await resume(tools.pool, await storeMeant(tools, location_uid), actor);
    return { changed: done, ...(await statusOf(tools)) };
  },
});

export const showRobot = operation({
  name: 'robot status',
  summary: 'Where the robot is paused, since when and by whom',
  input: z.strictObject({}),
  output: status,
  run: (tools) => statusOf(tools),
});

async function statusOf({ pool, settings }: OpsTools) {
  const { all, locations } = settings.pause;
  const bySettings = [...(all ? [null] : []), ...locations].map((location_uid) => ({
    ...{ location_uid, by: 'settings' as const, since: null, actor: null },
  }));
  const byOperators = (await robotPauses(pool)).map(({ locationUid, since, actor }) => ({
    ...{ location_uid: locationUid, by: 'operator' as const, since: since.toISOString(), actor },
  }));
  const pauses = [...bySettings, ...byOperators];
  return { paused_for_all: pauses.some(({ location_uid }) => location_uid === null), pauses };
}
