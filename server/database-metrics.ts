/** What the server reads from the database when someone asks for it; NaN while it cannot be read. */
import type { Registry } from 'prom-client';
import { ERROR_CODES } from '../core/error-codes';
import type { Figures } from '../store/figures';
import { MIRROR_STATES, type MirrorState } from '../store/opt-out-mirrors';
import { addCountsGauge } from './counts-gauge';
import { addFigureGauge } from './figure-gauge';
import { shared } from './shared';

export interface Backlog {
  pending: number;
  oldestSeconds: number;
}

export interface Readings {
  backlog(): Promise<Backlog>;
  /** Endpoints that Podium wants no calls to, with the seconds that are left. */
  pauses(): Promise<{ endpoint: string; seconds: number }[]>;
  /** Files of customers by what has become of them. */
  files(): Promise<{ status: string; count: number }[]>;
  /** How many phones' opt-outs are in which state at Podium. */
  mirrors(): Promise<Map<MirrorState, number>>;
  /** What is open or set aside. */
  figures(): Promise<Figures>;
}

/** For so long a count serves all who scrape: what goes through a table is not to be asked for by everybody. */
export const COUNTS_MS = 5_000;

export function addDatabaseMetrics(registry: Registry, read: Readings): void {
  const backlog = shared(() => read.backlog());
  const pauses = shared(() => read.pauses());
  const files = shared(() => read.files(), COUNTS_MS);
  const mirrors = shared(() => read.mirrors(), COUNTS_MS);
  const figures = shared(() => read.figures(), COUNTS_MS);
  addBacklog(registry, backlog);
  addPauses(registry, pauses);
  addFiles(registry, files);
  addMirrors(registry, mirrors);
  addSessions(registry, figures);
  addAlarms(registry, figures);
  addQuarantine(registry, figures);
  addUnsettledSends(registry, figures);
}

function addBacklog(registry: Registry, read: Readings['backlog']): void {
  addFigureGauge(
    registry,
    { name: 'podium_webchat_inbox_pending', help: 'Events that wait for their session.' },
    read,
    ({ pending }) => pending,
  );
  addFigureGauge(
    registry,
    {
      name: 'podium_webchat_inbox_oldest_pending_seconds',
      help: 'Age of the oldest event that waits for its session.',
    },
    read,
    ({ oldestSeconds }) => oldestSeconds,
  );
}

function addPauses(registry: Registry, read: Readings['pauses']): void {
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_podium_paused_seconds',
      help: 'For how long Podium wants no more calls to an endpoint; 0 when it takes them again.',
      labelNames: ['endpoint'],
    },
    async () => (await read()).map(({ endpoint, seconds }) => ({ labels: { endpoint }, value: seconds })),
  );
}

function addFiles(registry: Registry, read: Readings['files']): void {
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_files',
      help: 'Files of customers by what has become of them.',
      labelNames: ['status'],
    },
    async () => (await read()).map(({ status, count }) => ({ labels: { status }, value: count })),
  );
}

function addMirrors(registry: Registry, read: Readings['mirrors']): void {
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_opt_out_mirrors',
      help: 'Phones by how far Podium knows of their opt-out or opt-in.',
      labelNames: ['state'],
      known: MIRROR_STATES.map((state) => ({ state })),
    },
    async () => Array.from(await read(), ([state, value]) => ({ labels: { state }, value })),
  );
}

const OPEN_STATUSES = ['active', 'warned'] as const;

function addSessions(registry: Registry, read: Readings['figures']): void {
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_sessions',
      help: 'Sessions that are open, by status: active, or warned since the prompt.',
      labelNames: ['status'],
      known: OPEN_STATUSES.map((status) => ({ status })),
    },
    async () => {
      const { sessions } = await read();
      return OPEN_STATUSES.map((status) => ({ labels: { status }, value: sessions[status] }));
    },
  );
}

function addAlarms(registry: Registry, read: Readings['figures']): void {
  const alarm = (name: string, help: string, figure: (figures: Figures) => number) =>
    addFigureGauge(registry, { name: `podium_webchat_${name}`, help }, read, figure);
  alarm(
    'sessions_standing_still',
    'Sessions that should have closed, or dealt with a message, minutes ago. Their workflow does not go on.',
    ({ standingStill }) => standingStill,
  );
  alarm(
    'texts_after_opt_out',
    'Texts of the last hour that a person has sent, in Podium, to somebody who had opted out.',
    ({ textsAfterOptOut }) => textsAfterOptOut,
  );
  alarm(
    'opt_outs_without_phone',
    'Opt-outs of the last hour whose phone cannot be made out. Each one needs a person.',
    ({ optOutsWithoutPhone }) => optOutsWithoutPhone,
  );
}

function addQuarantine(registry: Registry, read: Readings['figures']): void {
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_quarantined_events',
      help: 'Events that are set aside and wait for a person, by the code of the reason.',
      labelNames: ['code'],
      known: Object.keys(ERROR_CODES).map((code) => ({ code })),
    },
    async () => (await read()).quarantined.map(({ code, count }) => ({ labels: { code }, value: count })),
  );
}

function addUnsettledSends(registry: Registry, read: Readings['figures']): void {
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_sends_unsettled',
      help: 'Texts of the last hour that have been on their way for more than a minute: it is unknown whether they left, or they are not_sent yet.',
      labelNames: ['outcome'],
      known: [{ outcome: 'unknown' }, { outcome: 'not_sent' }],
    },
    async () => {
      const { unknown, notSent } = (await read()).unsettledSends;
      return [
        { labels: { outcome: 'unknown' }, value: unknown },
        { labels: { outcome: 'not_sent' }, value: notSent },
      ];
    },
  );
}
