/** The keys with which the database has been used, as fingerprints: no process works on it with others. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from '../core/environment';
import { suppressionKeys } from '../core/suppression-keys';
import {
  keyProblems,
  keysInUse,
  type GivenKeys,
  type KeysOfEnvironment,
  type UsedKey,
} from '../core/used-keys';
import { transaction, type Pool, type Queryable } from './database';
import { isAway } from './database-trouble';
import { tokenKeyProblem } from './podium-tokens';
import { suppressionProblem, useSuppressionKeys } from './suppressions';

/** How long until a database that was away is asked again. */
const PAUSE_MS = 1_000;

type Keys = KeysOfEnvironment & Pick<Environment, 'suppressionKeys'>;

interface Later {
  /** Hears once what is wrong with the keys, where that was found after the start. */
  onForeign: (problems: string[]) => void;
  signal: AbortSignal;
}

/** What keeps a process with these keys from working on this database, in sentences. @throws what the database throws */
export async function problemsOfKeys(db: Queryable, given: GivenKeys): Promise<string[]> {
  return keyProblems(given, await usedKeys(db));
}

/**
 * Says which keys this process has, and notes down that the database is used with them from now on. A database that is
 * away keeps nobody from starting: it is asked until it answers.
 * @returns what is wrong with them, and then nothing is noted down
 * @throws what the database throws that answers, as one without the table
 */
export async function useKeys(pool: Pool, environment: Keys, later: Later): Promise<string[]> {
  useSuppressionKeys(suppressionKeys(environment));
  try {
    return await holdAgainst(pool, environment);
  } catch (error) {
    if (!isAway(error)) throw error;
    void askAgain(pool, environment, later);
    return [];
  }
}

async function askAgain(pool: Pool, environment: Keys, { onForeign, signal }: Later): Promise<void> {
  while (!signal.aborted) {
    await delay(PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const problems = await holdAgainst(pool, environment);
      if (problems.length > 0) onForeign(problems);
      return;
    } catch (error) {
      if (isAway(error) || signal.aborted) continue;
      return onForeign([`The keys could not be held against those of the database: ${String(error)}.`]);
    }
  }
}

/** Mostly all is known already, and then nothing is locked or written. */
async function holdAgainst(pool: Pool, environment: Keys): Promise<string[]> {
  const given = keysInUse(environment);
  const suppression = await suppressionProblem(pool);
  const used = await usedKeys(pool);
  const others = keyProblems(given, used);
  const tokens = others.length > 0 ? null : await tokenKeyProblem(pool, environment.encryptionKeys);
  const problems = [suppression, tokens, ...others].filter((problem) => problem !== null);
  if (problems.length > 0 || isNotedDown(given, used)) return problems;
  return transaction(pool, async (client) => {
    await client.query('lock table used_keys in share row exclusive mode'); // the first two to start agree
    const since = keyProblems(given, await usedKeys(client));
    if (since.length === 0) await noteDown(client, given);
    return since;
  });
}

/** With which keys the database has been used. */
export async function usedKeys(db: Queryable): Promise<UsedKey[]> {
  const { rows } = await db.query<UsedKey>(
    'select purpose, key_id as id, fingerprint, in_front_since as "inFrontSince" from used_keys',
  );
  return rows;
}

function isNotedDown(given: GivenKeys, used: UsedKey[]): boolean {
  return inOrder(given).every(({ purpose, id, inFront }) => {
    const known = used.find((key) => key.purpose === purpose && key.id === id);
    return known && (!inFront || known.inFrontSince !== null);
  });
}

function inOrder(given: GivenKeys) {
  return Object.entries(given).flatMap(([purpose, keys]) =>
    keys.map((key, place) => ({ ...key, purpose, inFront: place === 0 })),
  );
}

async function noteDown(client: Queryable, given: GivenKeys): Promise<void> {
  const keys = inOrder(given);
  await client.query(
    `insert into used_keys as known (purpose, key_id, fingerprint, in_front_since)
     select purpose, id, fingerprint, case when in_front then now() end
       from unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) as given(purpose, id, fingerprint, in_front)
     on conflict (purpose, key_id) do update set in_front_since = excluded.in_front_since
      where known.in_front_since is null and excluded.in_front_since is not null`,
    [
      keys.map(({ purpose }) => purpose),
      keys.map(({ id }) => id),
      keys.map(({ fingerprint }) => fingerprint),
      keys.map(({ inFront }) => inFront),
    ],
  );
}
