/**
 * Postgres's clock. Processes run on machines whose clocks differ; what one of them says of a time is compared with
 * what another one says, so all take Postgres's.
 */
import type { Queryable } from './database';

/**
 * By how many ms this process's clock is behind Postgres's; negative when it is ahead. Zero for what the way there
 * and back may explain.
 */
export async function clockBehind(client: Queryable): Promise<number> {
  const asked = Date.now();
  const now = (await postgresNow(client)).getTime();
  const answered = Date.now();
  if (now < asked) return now - asked;
  return now > answered ? now - answered : 0;
}

/** The time, and not that of the transaction's begin: what has waited for a lock comes after who held it. */
export async function postgresNow(client: Queryable): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]!.now;
}
