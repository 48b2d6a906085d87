/** What is known about the webhook at Podium: the secrets that running servers take, and the last check. */
import type { WebhookFinding } from '../core/webhook-check';
import type { LiveSecret, SecretSituation } from '../core/webhook-secrets';
import { transaction, type Pool } from './database';

/** A server that has said nothing for so long does not run any more. */
const SILENT_SECONDS = 60;

/** A server as it tells of itself. */
export interface RunningServer {
  id: string;
  /** Fingerprints, in the order of PODIUM_WEBHOOK_SECRETS. */
  secrets: readonly string[];
}

/**
 * Says that a server runs, and which secrets it takes.
 * @param uses when its secrets last verified an event, by fingerprint; a later time that is known stays
 */
export async function serverRuns(
  pool: Pool,
  { id, secrets }: RunningServer,
  uses: ReadonlyMap<string, Date>,
): Promise<void> {
  await transaction(pool, async (client) => {
    const fingerprints = [...new Set(secrets)].sort(); // rows are locked in one order by all servers
    await client.query(
      `insert into webhook_secrets (fingerprint, last_used_at)
       select * from unnest($1::text[], $2::timestamptz[])
       on conflict (fingerprint) do update
         set last_used_at = greatest(webhook_secrets.last_used_at, excluded.last_used_at)
         where excluded.last_used_at > coalesce(webhook_secrets.last_used_at, '-infinity')`,
      [fingerprints, fingerprints.map((fingerprint) => uses.get(fingerprint) ?? null)],
    );
    await client.query(
      `insert into running_servers (id, webhook_secrets, seen_at) values ($1, $2, now())
       on conflict (id) do update set webhook_secrets = excluded.webhook_secrets, seen_at = excluded.seen_at`,
      [id, secrets],
    );
    await client.query(`delete from running_servers where seen_at < now() - interval '1 day'`);
  });
}

/** Says that a server has ended. */
export async function serverEnded(pool: Pool, id: string): Promise<void> {
  await pool.query('delete from running_servers where id = $1', [id]);
}

/** The secrets that servers take which run now. */
export async function liveSecrets(pool: Pool): Promise<SecretSituation> {
  const { rows } = await pool.query<LiveSecret & { runningServers: number }>(
    `with running as (
       select id, webhook_secrets from running_servers where seen_at > now() - make_interval(secs => $1)
     ), taken as (
       select fingerprint, min(place)::int as place, count(distinct id)::int as servers
         from running, unnest(webhook_secrets) with ordinality as listed (fingerprint, place)
        group by fingerprint
     )
     select fingerprint, place, servers, first_seen_at as "firstSeenAt", last_used_at as "lastUsedAt",
            (select count(*)::int from running) as "runningServers"
       from taken join webhook_secrets using (fingerprint) order by place, first_seen_at desc`,
    [SILENT_SECONDS],
  );
  const secrets = rows.map(({ runningServers: _, ...secret }) => secret);
  return { secrets, runningServers: rows[0]?.runningServers ?? 0 };
}

export interface WebhookCheck {
  checkedAt: Date;
  findings: WebhookFinding[];
}

/** Keeps what a check has found. @returns what the one before had found; null for the first one */
export async function saveWebhookCheck(
  pool: Pool,
  { checkedAt, findings }: WebhookCheck,
): Promise<WebhookFinding[] | null> {
  const before = await lastWebhookCheck(pool);
  await pool.query(
    `insert into webhook_checks (checked_at, findings) values ($1, $2)
     on conflict (only_row) do update set checked_at = excluded.checked_at, findings = excluded.findings`,
    [checkedAt, JSON.stringify(findings)],
  );
  return before?.findings ?? null;
}

/** Null when none was ever made. */
export async function lastWebhookCheck(pool: Pool): Promise<WebhookCheck | null> {
  const { rows } = await pool.query<WebhookCheck>(
    'select checked_at as "checkedAt", findings from webhook_checks',
  );
  return rows[0] ?? null;
}
