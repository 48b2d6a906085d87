/** The keys with which the database has been used, as fingerprints: no process works on it with others. */
import type { Environment } from '../core/environment';
import { suppressionKeys } from '../core/suppression-keys';
import { keyProblems, keysInUse, type KeysOfEnvironment, type UsedKey } from '../core/used-keys';
import { transaction, type Pool, type Queryable } from './database';
import { suppressionProblem, useSuppressionKeys } from './suppressions';

/** What keeps a process with these keys from working on this database, in sentences. @throws what the database throws */
export async function problemsOfKeys(db: Queryable, given: readonly UsedKey[]): Promise<string[]> {
  const { rows } = await db.query<UsedKey>('select purpose, key_id as id, fingerprint from used_keys');
  return keyProblems(given, rows);
}

/**
 * Says which keys this process has, and notes down that the database is used with them from now on.
 * @returns what is wrong with them, and then nothing is noted down; nothing where the database is away, of which the
 * process will hear
 */
export async function useKeys(
  pool: Pool,
  environment: KeysOfEnvironment & Pick<Environment, 'suppressionKeys'>,
): Promise<string[]> {
  useSuppressionKeys(suppressionKeys(environment));
  const suppression = await suppressionProblem(pool);
  const others = await noteKeys(pool, keysInUse(environment)).catch(() => []);
  return [...(suppression === null ? [] : [suppression]), ...others];
}

function noteKeys(pool: Pool, given: readonly UsedKey[]): Promise<string[]> {
  return transaction(pool, async (client) => {
    await client.query('lock table used_keys in share row exclusive mode'); // the first two to start agree
    const problems = await problemsOfKeys(client, given);
    if (problems.length > 0) return problems;
    await client.query(
      `insert into used_keys (purpose, key_id, fingerprint)
       select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing`,
      [
        given.map(({ purpose }) => purpose),
        given.map(({ id }) => id),
        given.map(({ fingerprint }) => fingerprint),
      ],
    );
    return [];
  });
}
