/** The switch by which operators pause the robot, for all stores or one. The door reads it with every send. */
import { writeAct, type OperatorAct } from './audit';
import { transaction, type Pool, type Queryable } from './database';
import { storable } from './text';

const EVERYWHERE = '*';

export interface RobotPause {
  /** Null for all stores. */
  locationUid: string | null;
  since: Date;
  actor: string;
}

/** Whether somebody has paused the robot there. */
export async function isPaused(client: Queryable, locationUid: string): Promise<boolean> {
  const { rowCount } = await client.query('select from robot_pauses where place in ($1, $2)', [
    locationUid,
    EVERYWHERE,
  ]);
  return rowCount !== 0;
}

/** All pauses, that for all stores first. */
export async function robotPauses(pool: Pool): Promise<RobotPause[]> {
  const { rows } = await pool.query<{ place: string; since: Date; actor: string }>(
    'select place, paused_at as since, actor from robot_pauses order by place <> $1, place',
    [EVERYWHERE],
  );
  return rows.map(({ place, ...pause }) => ({ ...pause, locationUid: place === EVERYWHERE ? null : place }));
}

/** @returns false when it was paused already */
export function pauseRobot(pool: Pool, locationUid: string | null, actor: string): Promise<boolean> {
  return transaction(pool, async (client) => {
    const { rowCount } = await client.query(
      'insert into robot_pauses (place, actor) values ($1, $2) on conflict (place) do nothing',
      [locationUid ?? EVERYWHERE, storable(actor)],
    );
    return noteIfDone(client, rowCount, { kind: 'robot_paused', locationUid, actor });
  });
}

/** Ends the pause of one store, or that for all; others go on. @returns false when there was none */
export function resumeRobot(pool: Pool, locationUid: string | null, actor: string): Promise<boolean> {
  return transaction(pool, async (client) => {
    const { rowCount } = await client.query('delete from robot_pauses where place = $1', [
      locationUid ?? EVERYWHERE,
    ]);
    return noteIfDone(client, rowCount, { kind: 'robot_resumed', locationUid, actor });
  });
}

async function noteIfDone(client: Queryable, rowCount: number | null, act: OperatorAct): Promise<boolean> {
  if (rowCount !== 1) return false;
  await writeAct(client, act);
  return true;
}
