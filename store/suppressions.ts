/**
 * Phones that were erased while nothing could be sent to them. Of such a phone a keyed hash is all that is left, and
 * the keys are never in the database: a process says at its start which ones it has. Whoever asks about a phone
 * without a key that was ever used gets no answer, so that nothing is sent then.
 */
import { suppressionName, type SuppressionKey } from '../core/suppression-keys';
import type { Pool, Queryable } from './database';

let keysAtHand: readonly SuppressionKey[] = [];

/** Says by which keys this process finds suppressed phones. The first one names new ones. */
export function useSuppressionKeys(keys: readonly SuppressionKey[]): void {
  keysAtHand = keys;
}

/** The database has names of phones by a key that this process does not have. */
export class SuppressionKeyMissing extends Error {
  override readonly name = 'SuppressionKeyMissing';
  constructor(ids: readonly string[]) {
    super(
      `The database has suppressed phones by ${ids.length} key(s) that are not at hand (fingerprint ${ids.join(', ')}), ` +
        'so nobody can tell to which phones nothing may be sent. Put the missing secret back, behind the present ones, ' +
        'into WEBCHAT_SUPPRESSION_KEYS; where that was never set, it is a former WEBCHAT_ID_KEY.',
    );
  }
}

/** @throws SuppressionKeyMissing, and what the database throws */
export async function checkSuppressionKeys(client: Queryable): Promise<void> {
  await suppressedSince(client, []);
}

/** What keeps a process from its start, in words; null where nothing does. @throws what the database throws */
export async function suppressionProblem(pool: Pool): Promise<string | null> {
  try {
    await checkSuppressionKeys(pool);
    return null;
  } catch (error) {
    if (error instanceof SuppressionKeyMissing) return error.message;
    throw error;
  }
}

/**
 * Those of the phones that are suppressed, and since when.
 * @throws SuppressionKeyMissing
 */
export async function suppressedSince(client: Queryable, phones: string[]): Promise<Map<string, Date>> {
  const phoneOf = phonesByName(phones);
  const { rows } = await client.query<{ name: string | null; since: Date | null; unknownKey: string | null }>(
    `select encode(phone_key, 'hex') as name, suppressed_at as since, null as "unknownKey"
       from suppressions where phone_key = any($1)
     union all select null, null, id from suppression_keys where id <> all($2)`,
    [bytesOf(phoneOf), keysAtHand.map(({ id }) => id)],
  );
  const unknown = rows.flatMap(({ unknownKey }) => unknownKey ?? []);
  if (unknown.length > 0) throw new SuppressionKeyMissing(unknown);
  return new Map(rows.map(({ name, since }) => [phoneOf.get(name!)!, since!]));
}

/**
 * Suppresses a phone in a transaction that holds its lock: from now on, or from when it is opted out, where that is
 * later. One that is suppressed already stays so.
 */
export async function suppress(client: Queryable, phone: string): Promise<void> {
  const { name, keyId } = await newName(client, phone);
  await client.query(
    `insert into suppressions (phone_key, key_id, suppressed_at)
     values ($1, $2, greatest(clock_timestamp(), (select recorded_at from opt_outs where phone_e164 = $3)))
     on conflict (phone_key) do nothing`,
    [name, keyId, phone],
  );
}

/** Takes the suppression of a phone away, in a transaction that holds its lock. @returns since when it was; null for none */
export async function takeSuppression(client: Queryable, phone: string): Promise<Date | null> {
  const since = (await suppressedSince(client, [phone])).get(phone) ?? null;
  if (since) await client.query('delete from suppressions where phone_key = any($1)', [namesOf([phone])]);
  return since;
}

/** The names of these phones, by every key at hand. */
export function namesOf(phones: string[]): Buffer[] {
  return bytesOf(phonesByName(phones));
}

/** The phone of each name, in hex. */
export function phonesByName(phones: string[]): Map<string, string> {
  return new Map(
    phones.flatMap((phone) =>
      keysAtHand.map((key) => [suppressionName(phone, key).toString('hex'), phone] as const),
    ),
  );
}

/** A name for a phone by the present key, which is noted down as used. */
export async function newName(client: Queryable, phone: string): Promise<{ name: Buffer; keyId: string }> {
  const [key] = keysAtHand;
  if (!key) throw new Error('This process has no key by which a phone could be named: set WEBCHAT_ID_KEY.');
  await client.query('insert into suppression_keys (id) values ($1) on conflict do nothing', [key.id]);
  return { name: suppressionName(phone, key), keyId: key.id };
}

const bytesOf = (names: Map<string, unknown>) => [...names.keys()].map((name) => Buffer.from(name, 'hex'));
