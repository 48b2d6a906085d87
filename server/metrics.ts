/** What the server counts. Labels are statuses and codes only: no phone, no text, no id. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { ERROR_CODES } from '../core/error-codes';

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
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
