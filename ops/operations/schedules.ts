/** What runs by itself from time to time: reconciliation, comparing opt-outs, deleting by age and the like. */
import { z } from 'zod';
import { SCHEDULES } from '../../core/schedules';
import { writeAct } from '../../store/audit';
import { iso, nullableTime, operation } from '../operation';
import { runNow, scheduleStates } from '../scheduled-runs';

const LONGEST_WAIT_SECONDS = 300;

const name = z.enum(SCHEDULES);

export const listSchedules = operation({
  name: 'schedules list',
  summary: 'What runs by itself from time to time: when each last began and begins next',
  input: z.strictObject({}),
  output: z.object({
    schedules: z.array(
      z.object({
        name,
        paused: z.boolean().describe('By somebody: it begins only by hand'),
        running: z.boolean(),
        last_began_at: nullableTime,
        next_at: nullableTime,
      }),
    ),
  }),
  async run({ temporal }) {
    const states = await scheduleStates(temporal);
    return {
      schedules: states.map(({ lastBeganAt, nextAt, ...state }) => ({
        ...{ ...state, last_began_at: iso(lastBeganAt), next_at: iso(nextAt) },
      })),
    };
  },
});

export const runSchedule = operation({
  name: 'schedules run',
  summary: 'Has one run now, paused or not, and waits for its end; one that runs already is waited for',
  input: z.strictObject({
    name,
    wait_seconds: z.int().min(1).max(LONGEST_WAIT_SECONDS).default(60),
  }),
  output: z.object({ name, ended: z.boolean().describe('False where it still runs') }),
  async run({ temporal, pool }, { name, wait_seconds: seconds }, { actor }) {
    await writeAct(pool, { kind: 'schedule_run', actor, details: { name } });
    return { name, ended: await runNow(temporal, name, seconds * 1000) };
  },
});
