/** What the server counts. Labels are statuses and codes only: no phone, no text, no id. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { MIRROR_STATES, type MirrorState } from '../store/opt-out-mirrors';
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
}

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
  new Gauge({
    name: 'podium_webchat_podium_paused_seconds',
    help: 'For how long Podium wants no more calls to an endpoint, of those that it wants none to now.',
    labelNames: ['endpoint'],
    registers,
    async collect() {
      this.reset();
      const pauses = await read.pauses().catch(() => []);
      for (const { endpoint, seconds } of pauses) this.set({ endpoint }, seconds);
    },
  });
  new Gauge({
    name: 'podium_webchat_files',
    help: 'Files of customers by what has become of them.',
    labelNames: ['status'],
    registers,
    async collect() {
      this.reset();
      const files = await read.files().catch(() => []);
      for (const { status, count } of files) this.set({ status }, count);
    },
  });
  new Gauge({
    name: 'podium_webchat_opt_out_mirrors',
    help: 'Phones by how far Podium knows of their opt-out or opt-in.',
    labelNames: ['state'],
    registers,
    async collect() {
      const counts = await read.mirrors().catch(() => null);
      for (const state of MIRROR_STATES) this.set({ state }, counts ? (counts.get(state) ?? 0) : NaN);
    },
  });
  return {
    registry,
    webhookEvents: new Counter({
      name: 'podium_webchat_webhook_events_total',
      help: 'Deliveries by what became of them: the status of the answer, or the HTTP status of a refusal.',
      labelNames: ['status'],
      registers,
    }),
    webhookSeconds: new Histogram({
      name: 'podium_webchat_webhook_seconds',
      help: 'From the first byte of a delivery to its answer.',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    codes: new Counter({
      name: 'podium_webchat_codes_total',
      help: 'What happened, by the codes of docs/errors.md.',
      labelNames: ['code'],
      registers,
    }),
    lostOptOuts: new Counter({
      name: 'podium_webchat_opt_outs_without_phone_total',
      help: 'Opt-outs whose phone cannot be made out. Each one needs a person.',
      registers,
    }),
    relayCalls: new Counter({
      name: 'podium_webchat_relay_calls_total',
      help: 'Calls of the relay to Temporal by their outcome.',
      labelNames: ['outcome'],
      registers,
    }),
    locationsReadAt: new Gauge({
      name: 'podium_webchat_locations_read_timestamp_seconds',
      help: 'When the list of locations was last read whole, in Unix seconds.',
      registers,
    }),
  };
}
