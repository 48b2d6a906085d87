/** A gauge of counts or seconds by labels, which come and go. */
import { Gauge, type Registry } from 'prom-client';

type Labels<Label extends string> = Record<Label, string>;

export interface CountsGauge<Label extends string> {
  name: string;
  help: string;
  labelNames: Label[];
  /** Shown from the beginning: an alert on what grows has to see the nought before. */
  known?: Labels<Label>[];
}

/**
 * Shows what is read. Labels that were once shown stay: 0 when there is none of them any more, NaN while it cannot be
 * read. A series that ends and begins again would look like events that came all at once.
 */
export function addCountsGauge<Label extends string>(
  registry: Registry,
  { known = [], ...gauge }: CountsGauge<Label>,
  read: () => Promise<{ labels: Labels<Label>; value: number }[]>,
): void {
  const nameOf = (labels: Labels<Label>) => JSON.stringify(gauge.labelNames.map((name) => labels[name]));
  const shown = new Map(known.map((labels) => [nameOf(labels), labels]));
  new Gauge({
    ...gauge,
    registers: [registry],
    async collect() {
      const answer = await read().catch(() => null);
      const values = new Map(answer?.map(({ labels, value }) => [nameOf(labels), value]));
      for (const { labels } of answer ?? []) shown.set(nameOf(labels), labels);
      for (const [name, labels] of shown) this.set(labels, answer ? (values.get(name) ?? 0) : NaN);
    },
  });
}
