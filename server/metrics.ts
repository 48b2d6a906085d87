/** What the server counts. Labels are statuses and codes only: no phone, no text, no id. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { ERROR_CODES } from '../core/error-codes';
import type { Figures } from '../store/figures';
import { MIRROR_STATES, type MirrorState } from '../store/opt-out-mirrors';
import { addCountsGauge } from './counts-gauge';
import { shared } from './shared';

export type Metrics = ReturnType<typeof createMetrics>;

/** Figures that are read from the database when someone asks for them. */
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

export function createMetrics(read: Readings) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const readBacklog = shared(() => read.backlog());
  const backlogGauge = (name: string, help: string, figure: (backlog: Backlog) => number) =>
    new Gauge({
      name: `podium_webchat_inbox_${name}`,
      help,
      registers,
      async collect() {
        const backlog = await readBacklog().catch(() => null);
        this.set(backlog ? figure(backlog) : NaN);
      },
    });
  backlogGauge('pending', 'Events that wait for their session.', ({ pending }) => pending);
  backlogGauge(
    'oldest_pending_seconds',
    'Age of the oldest event that waits for its session.',
    ({ oldestSeconds }) => oldestSeconds,
  );
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_podium_paused_seconds',
      help: 'For how long Podium wants no more calls to an endpoint; 0 when it takes them again.',
      labelNames: ['endpoint'],
    },
    async () =>
      (await read.pauses()).map(({ endpoint, seconds }) => ({ labels: { endpoint }, count: seconds })),
  );
  const readFiles = shared(() => read.files(), COUNTS_MS);
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_files',
      help: 'Files of customers by what has become of them.',
      labelNames: ['status'],
    },
    async () => (await readFiles()).map(({ status, count }) => ({ labels: { status }, count })),
  );
  const readMirrors = shared(() => read.mirrors(), COUNTS_MS);
  new Gauge({
    name: 'podium_webchat_opt_out_mirrors',
    help: 'Phones by how far Podium knows of their opt-out or opt-in.',
    labelNames: ['state'],
    registers,
    async collect() {
      const counts = await readMirrors().catch(() => null);
      for (const state of MIRROR_STATES) this.set({ state }, counts ? (counts.get(state) ?? 0) : NaN);
    },
  });
  addFigures(registry, () => read.figures());
  return {
    registry,
    webhookEvents: fromZero(
      new Counter({
        name: 'podium_webchat_webhook_events_total',
        help: 'Deliveries by what became of them: the status of the answer, or the HTTP status of a refusal.',
        labelNames: ['status'],
        registers,
      }),
      'status',
      ['accepted', 'duplicate', 'ignored', 'quarantined', '401', '413', '503'],
    ),
    webhookSeconds: new Histogram({
      name: 'podium_webchat_webhook_seconds',
      help: 'From the first byte of a delivery to its answer.',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    codes: fromZero(
      new Counter({
        name: 'podium_webchat_codes_total',
        help: 'What happened, by the codes of docs/errors.md.',
        labelNames: ['code'],
        registers,
      }),
      'code',
      Object.keys(ERROR_CODES),
    ),
    widgetMessages: new Counter({
      name: 'podium_webchat_widget_messages_total',
      help: 'Messages of the widget that were taken, by whether they were new.',
      labelNames: ['outcome'],
      registers,
    }),
    widgetRefusals: new Counter({
      name: 'podium_webchat_widget_refusals_total',
      help: 'Requests of the widget that were refused, by the code of the answer.',
      labelNames: ['code'],
      registers,
    }),
    widgetStreams: new Gauge({
      name: 'podium_webchat_widget_streams',
      help: 'Browsers to which replies are shown as they come.',
      registers,
    }),
    relayCalls: fromZero(
      new Counter({
        name: 'podium_webchat_relay_calls_total',
        help: 'Calls of the relay to Temporal by their outcome.',
        labelNames: ['outcome'],
        registers,
      }),
      'outcome',
      ['done', 'refused', 'failed'],
    ),
    personAnswers: new Histogram({
      name: 'podium_webchat_person_answer_seconds',
      help: 'How long customers had waited for a person of the store when one wrote to them.',
      buckets: [60, 180, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400],
      registers,
    }),
    locationsReadAt: new Gauge({
      name: 'podium_webchat_locations_read_timestamp_seconds',
      help: 'When the list of locations was last read whole, in Unix seconds.',
      registers,
    }),
  };
}

/** Shows a counter before it counts: Prometheus takes the first time that it sees a number for no increase. */
function fromZero<Label extends string>(counter: Counter<Label>, label: Label, values: string[]) {
  for (const value of values) counter.inc({ [label]: value } as Record<Label, string>, 0);
  return counter;
}

function addFigures(registry: Registry, read: () => Promise<Figures>): void {
  const registers = [registry];
  const readOnce = shared(read, COUNTS_MS);
  new Gauge({
    name: 'podium_webchat_sessions',
    help: 'Sessions that are open, by status: active, or warned since the prompt.',
    labelNames: ['status'],
    registers,
    async collect() {
      const figures = await readOnce().catch(() => null);
      for (const status of ['active', 'warned'] as const)
        this.set({ status }, figures ? figures.sessions[status] : NaN);
    },
  });
  const gauge = (name: string, help: string, figure: (figures: Figures) => number) =>
    new Gauge({
      name: `podium_webchat_${name}`,
      help,
      registers,
      async collect() {
        const figures = await readOnce().catch(() => null);
        this.set(figures ? figure(figures) : NaN);
      },
    });
  gauge(
    'sessions_standing_still',
    'Sessions that should have closed, or dealt with a message, minutes ago. Their workflow does not go on.',
    ({ standingStill }) => standingStill,
  );
  gauge(
    'texts_after_opt_out',
    'Texts of the last hour that a person has sent, in Podium, to somebody who had opted out.',
    ({ textsAfterOptOut }) => textsAfterOptOut,
  );
  gauge(
    'opt_outs_without_phone',
    'Opt-outs of the last hour whose phone cannot be made out. Each one needs a person.',
    ({ optOutsWithoutPhone }) => optOutsWithoutPhone,
  );
  addCountsGauge(
    registry,
    {
      name: 'podium_webchat_quarantined_events',
      help: 'Events that are set aside and wait for a person, by the code of the reason.',
      labelNames: ['code'],
      known: Object.keys(ERROR_CODES).map((code) => ({ code })),
    },
    async () => (await readOnce()).quarantined.map(({ code, count }) => ({ labels: { code }, count })),
  );
  new Gauge({
    name: 'podium_webchat_sends_unsettled',
    help: 'Texts of the last hour that have been on their way for more than a minute: it is unknown whether they left, or they are not_sent yet.',
    labelNames: ['outcome'],
    registers,
    async collect() {
      const figures = await readOnce().catch(() => null);
      this.set({ outcome: 'unknown' }, figures ? figures.unsettledSends.unknown : NaN);
      this.set({ outcome: 'not_sent' }, figures ? figures.unsettledSends.notSent : NaN);
    },
  });
}
