/** The seals of the audit's rows: written by one sealer at a time, read to verify them. */
import type { AuditHead } from '../core/audit-chain';
import type { AuditKey } from '../core/audit-keys';
import { sealOf, type AuditRow, type SealedRow } from '../core/audit-seal';
import { transaction, type Pool } from './database';

/** How many rows a batch seals. */
export const SEALED_AT_ONCE = 500;
const READ_AT_ONCE = 2_000;

/** A time at UTC and to the microsecond, whatever the server's style of dates. */
const utc = (time: string) => `to_jsonb(${time} at time zone 'UTC') #>> '{}'`;

const ROW = `id, entry_key as "entryKey", ${utc('at')} as at, kind, phone_hash as "phoneHash",
  location_uid as "locationUid", workflow_id as "workflowId", details::text as details`;

const SEALED_ROW = `${ROW}, seal_number as number, seal, seal_key as "keyId", ${utc('sealed_at')} as "sealedAt"`;

/**
 * Seals rows that have no seal, in the order of their ids among those that are committed by now. The lock ends
 * with the transaction that writes the seals, so that no two sealers ever continue from the same one.
 *
 * @returns how many it has sealed; 0 also when another sealer is at work
 */
export async function sealBatch(pool: Pool, key: AuditKey, most = SEALED_AT_ONCE): Promise<number> {
  return transaction(pool, async (client) => {
    const lock = await client.query<{ held: boolean; sealedAt: string }>(
      `select pg_try_advisory_xact_lock(hashtextextended('audit seals', 1)) as held, ${utc('now()')} as "sealedAt"`,
    );
    const { held, sealedAt } = lock.rows[0]!;
    if (!held) return 0;
    const { rows } = await client.query<AuditRow>(
      `select ${ROW} from audit_entries where seal_number is null order by id limit $1`,
      [most],
    );
    if (rows.length === 0) return 0;
    const head = await client.query<{ number: number; seal: Buffer }>(
      `select seal_number as number, seal from audit_entries
        where seal_number is not null order by seal_number desc limit 1`,
    );
    const { number, seal } = head.rows[0] ?? { number: 0, seal: null };
    const seals: Buffer[] = [];
    for (const row of rows) seals.push(sealOf({ ...row, sealedAt }, seals.at(-1) ?? seal, key.secret));
    const { rowCount } = await client.query(
      `update audit_entries e set seal_number = $1 + sealed.place, seal = sealed.seal, seal_key = $2, sealed_at = now()
         from unnest($3::bigint[], $4::bytea[]) with ordinality as sealed(id, seal, place) where e.id = sealed.id`,
      [number, key.id, rows.map(({ id }) => id), seals],
    );
    if (rowCount !== rows.length) throw new Error('Rows of the audit went away while they were sealed.');
    return rows.length;
  });
}

/** The end of the chain; null where nothing is sealed. */
export async function newestSeal(pool: Pool): Promise<Omit<AuditHead, 'exportedAt'> | null> {
  const { rows } = await pool.query<{ number: number; seal: string }>(
    `select seal_number as number, encode(seal, 'hex') as seal from audit_entries
      where seal_number is not null order by seal_number desc limit 1`,
  );
  return rows[0] ?? null;
}

/** The last two sealed rows, the newest first. */
export async function newestSealedRows(pool: Pool): Promise<SealedRow[]> {
  const { rows } = await pool.query<SealedRow>(
    `select ${SEALED_ROW} from audit_entries where seal_number is not null order by seal_number desc limit 2`,
  );
  return rows;
}

/** The seal at a place of the chain, in hex, and when it was made; null where there is none. */
export async function sealAt(pool: Pool, number: number): Promise<{ seal: string; sealedAt: Date } | null> {
  const { rows } = await pool.query<{ seal: string; sealedAt: Date }>(
    `select encode(seal, 'hex') as seal, sealed_at as "sealedAt" from audit_entries where seal_number = $1`,
    [number],
  );
  return rows[0] ?? null;
}

/** All sealed rows in the order of the chain, of which few are in memory at a time. */
export async function* sealedRows(pool: Pool): AsyncGenerator<SealedRow> {
  let behind: { number: number | null; id: number | null } = { number: null, id: null };
  for (;;) {
    const { rows } = await pool.query<SealedRow>(
      `select ${SEALED_ROW}
         from audit_entries where seal_number is not null and ($1::bigint is null or (seal_number, id) > ($1, $2::bigint))
        order by seal_number, id limit $3`,
      [behind.number, behind.id, READ_AT_ONCE],
    );
    yield* rows;
    if (rows.length < READ_AT_ONCE) return;
    behind = rows.at(-1)!;
  }
}

export interface Unsealed {
  count: number;
  /** 0 where there is none. */
  oldestSeconds: number;
  oldestId: number | null;
  oldestAt: Date | null;
}

/** The rows that wait for their seal. */
export async function unsealedRows(pool: Pool): Promise<Unsealed> {
  const { rows } = await pool.query<Unsealed>(
    `select count(*) over () as count, extract(epoch from now() - at)::float8 as "oldestSeconds",
            id as "oldestId", at as "oldestAt"
       from audit_entries where seal_number is null order by at, id limit 1`,
  );
  return rows[0] ?? { count: 0, oldestSeconds: 0, oldestId: null, oldestAt: null };
}
