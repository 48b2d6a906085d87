/** What the server reads from the database when someone asks for it; NaN while it cannot be read. */
import { Gauge, type Registry } from 'prom-client';
import { ERROR_CODES } from '../core/error-codes';
import type { Figures } from '../store/figures';
import { MIRROR_STATES, type MirrorState } from '../store/opt-out-mirrors';
import { addCountsGauge } from './counts-gauge';
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
  addBacklog(registry, () => read.backlog());
  addPauses(registry, () => read.pauses());
  addFiles(registry, () => read.files());
  addMirrors(registry, () => read.mirrors());
  const readFigures = shared(() => read.figures(), COUNTS_MS);
  addSessions(registry, readFigures);
  addAlarms(registry, readFigures);
  addQuarantine(registry, readFigures);
  addUnsettledSends(registry, readFigures);
}

/** A gauge of one figure of several that are read together. */
function addFigure<Read>(
  registry: Registry,
  { name, help }: { name: string; help: string },
  read: () => Promise<Read>,
  figure: (read: Read) => number,
): void {
  new Gauge({
    ...{ name: `podium_webchat_${name}`, help },
    registers: [registry],
    async collect() {
      this.set(await read().then(figure, () => NaN));
    },
  });
}

function addBacklog(registry: Registry, read: Readings['backlog']): void {
  const readOnce = shared(read);
  addFigure(
    registry,
    { name: 'inbox_pending', help: 'Events that wait for their session.' },
    readOnce,
    ({ pending }) => pending,
  );
  addFigure(
    registry,
    { name: 'inbox_oldest_pending_seconds', help: 'Age of the oldest event that waits for its session.' },
    readOnce,
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
    async () => (await read()).map(({ endpoint, seconds }) => ({ labels: { endpoint }, count: seconds })),
  );
}

function addFiles(registry: Registry, read: Readings['files']): void {
  const readOnce = shared(read, COUNTS_MS);
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_files',
      help: 'Files of customers by what has become of them.',
      labelNames: ['status'],
    },
    async () => (await readOnce()).map(({ status, count }) => ({ labels: { status }, count })),
  );
}

function addMirrors(registry: Registry, read: Readings['mirrors']): void {
  const readOnce = shared(read, COUNTS_MS);
  new Gauge({
    name: 'podium_webchat_opt_out_mirrors',
    help: 'Phones by how far Podium knows of their opt-out or opt-in.',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      const counts = await readOnce().catch(() => null);
      for (const state of MIRROR_STATES) this.set({ state }, counts ? (counts.get(state) ?? 0) : NaN);
    },
  });
}

function addSessions(registry: Registry, read: Readings['figures']): void {
  new Gauge({
    name: 'podium_webchat_sessions',
    help: 'Sessions that are open, by status: active, or warned since the prompt.',
    labelNames: ['status'],
    registers: [registry],
    async collect() {
      const figures = await read().catch(() => null);
      for (const status of ['active', 'warned'] as const)
        this.set({ status }, figures ? figures.sessions[status] : NaN);
    },
  });
}

function addAlarms(registry: Registry, read: Readings['figures']): void {
  const alarm = (name: string, help: string, figure: (figures: Figures) => number) =>
    addFigure(registry, { name, help }, read, figure);
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
    async () => (await read()).quarantined.map(({ code, count }) => ({ labels: { code }, count })),
  );
}

function addUnsettledSends(registry: Registry, read: Readings['figures']): void {
  new Gauge({
    name: 'podium_webchat_sends_unsettled',
    help: 'Texts of the last hour that have been on their way for more than a minute: it is unknown whether they left, or they are not_sent yet.',
    labelNames: ['outcome'],
    registers: [registry],
    async collect() {
      const figures = await read().catch(() => null);
      this.set({ outcome: 'unknown' }, figures ? figures.unsettledSends.unknown : NaN);
      this.set({ outcome: 'not_sent' }, figures ? figures.unsettledSends.notSent : NaN);
    },
  });
}
