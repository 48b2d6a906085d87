/** Whether our ledger and Podium say the same of opt-outs: of one phone now, and what the last look at everyone found. */
import {
  auditVerdict,
  type DriftReason,
  type OptOutLayers,
  type OptOutVerdict,
  type UnknownReason,
} from '../core/opt-out-audit';
import { PodiumError, type PodiumApi, type PodiumContact, type PodiumErrorKind } from '../podium/api';
import { probeLocation } from '../podium/probe-scopes';
import { postgresNow } from '../store/clock';
import type { Pool } from '../store/database';
import {
  lastOptOutAudits,
  locationToAskBy,
  optOutDrifts,
  ownLayers,
  type OptOutAudit,
} from '../store/opt-out-audits';
import { optedOutSince } from '../store/opt-out-states';

/** Null is what could not be looked at. Times in ISO form, or in Unix seconds where the name does not say so. */
export interface OptOutAuditReport {
  optout_store: {
    opted_out: boolean | null;
    source: string | null;
    recorded_at: number | null;
    recorded_at_iso: string | null;
  };
  /** Without a contact there is no opt-out of it either. */
  podium_contact: { uid: string | null; opted_out: boolean | null; last_updated_iso: string | null };
  /** Null when nobody can tell. */
  consistent: boolean | null;
  reason: OptOutVerdict['reason'];
}

interface AuditTools {
  pool: Pool;
  podium: Pick<PodiumApi, 'findContact' | 'listLocations'>;
  /** Told why a layer could not be looked at; without a phone. */
  onAway: (problem: string) => void;
}

/** What was learned of Podium's contact: one, none, or why nobody knows. */
type Asked = { contact: PodiumContact | null } | { unknown: UnknownReason };

/** Compares the layers for a phone (E.164). Mends nothing. What is away is told in the report, and not thrown. */
export async function auditPhone(tools: AuditTools, phone: string): Promise<OptOutAuditReport> {
  const { pool, onAway } = tools;
  try {
    const asked = await askPodium(tools, phone); // first, as `auditVerdict` wants it
    const layers = { ...(await ownLayers(pool, phone)), podium: answerOf(asked) };
    const since = (await optedOutSince(pool, phone)) ?? layers.ledger?.recordedAt ?? null;
    return report(layers, since, asked, auditVerdict(layers, await postgresNow(pool)));
  } catch (error) {
    onAway((error as Error).message);
    const asked = { unknown: 'database_unreachable' } as const;
    const layers = { ledger: null, mirror: null, contactAwaited: false, podium: answerOf(asked) };
    const { optout_store, ...rest } = report(layers, null, asked, auditVerdict(layers, new Date()));
    return { optout_store: { ...optout_store, opted_out: null }, ...rest };
  }
}

/** @throws what the database throws: Podium's access token and limits stand in it as well */
async function askPodium({ pool, podium, onAway }: AuditTools, phone: string): Promise<Asked> {
  try {
    const locationUid =
      (await locationToAskBy(pool, phone)) ?? probeLocation(await podium.listLocations())?.uid;
    if (locationUid === undefined) return { unknown: 'no_location' };
    return { contact: await podium.findContact(phone, locationUid) };
  } catch (error) {
    if (!(error instanceof PodiumError)) throw error;
    onAway(error.message);
    return { unknown: REASONS[error.kind] ?? 'podium_unclear' };
  }
}

const REASONS: { [Kind in PodiumErrorKind]?: UnknownReason } = {
  throttled: 'podium_throttled',
  unauthenticated: 'podium_no_access',
  not_permitted: 'podium_no_access',
  server: 'podium_unreachable',
  unreachable: 'podium_unreachable',
};

function answerOf(asked: Asked): OptOutLayers['podium'] {
  if ('unknown' in asked) return { kind: 'unknown', reason: asked.unknown };
  return asked.contact ? { kind: 'contact', optedOutAt: asked.contact.optedOutAt } : { kind: 'none' };
}

function report(
  { ledger }: OptOutLayers,
  since: Date | null,
  asked: Asked,
  { consistent, reason }: OptOutVerdict,
): OptOutAuditReport {
  const contact = 'contact' in asked ? asked.contact : null;
  return {
    optout_store: {
      opted_out: ledger?.optedOut ?? false,
      source: ledger?.source ?? null,
      recorded_at: since && Math.floor(since.getTime() / 1000),
      recorded_at_iso: since?.toISOString() ?? null,
    },
    podium_contact: {
      uid: contact?.uid ?? null,
      opted_out: consistent === null ? null : (contact?.optedOutAt ?? null) !== null,
      last_updated_iso: contact?.updatedAt?.toISOString() ?? null,
    },
    consistent,
    reason,
  };
}

/** Times in ISO form. */
export interface AuditRunReport {
  started_at: string;
  finished_at: string | null;
  looked_at: number;
  agreed: number;
  drifted: Partial<Record<DriftReason, number>>;
  mended: number;
  /** Of so many phones nobody can tell: Podium did not answer, or does not give their contact yet. */
  not_asked: number;
}

export interface DriftReport {
  /** The last look at everyone that came to its end. */
  last_run: AuditRunReport | null;
  under_way: AuditRunReport | null;
  /** It ended longer ago than twice the time from one look to the next. True also when there was none. */
  outdated: boolean;
  /** What was mended here drifts no more, and is not among them. */
  drifts: { phone: string; reason: DriftReason; since: string; seen_at: string; told_again: boolean }[];
}

/** What the looks at everyone have found. Phones are whole (E.164). @param intervalSeconds from one look to the next */
export async function reportDrift(pool: Pool, intervalSeconds: number): Promise<DriftReport> {
  const [{ last, underWay }, drifts] = await Promise.all([lastOptOutAudits(pool), optOutDrifts(pool)]);
  return {
    last_run: last && runReport(last),
    under_way: underWay && runReport(underWay),
    outdated: !last?.finishedAt || Date.now() - last.finishedAt.getTime() > 2 * intervalSeconds * 1000,
    drifts: drifts.map(({ phone, reason, firstSeenAt, lastSeenAt, toldAgain }) => ({
      ...{ phone, reason, since: firstSeenAt.toISOString(), seen_at: lastSeenAt.toISOString() },
      told_again: toldAgain,
    })),
  };
}

function runReport({ startedAt, finishedAt, ...figures }: OptOutAudit): AuditRunReport {
  const { lookedAt, agreed, drifted, mended, notAsked } = figures;
  return {
    ...{ started_at: startedAt.toISOString(), finished_at: finishedAt?.toISOString() ?? null },
    ...{ looked_at: lookedAt, agreed, drifted, mended, not_asked: notAsked },
  };
}
