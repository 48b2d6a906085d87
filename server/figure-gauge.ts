/** A gauge of one figure of several that are read together. */
import { Gauge, type Registry } from 'prom-client';

/** Shows the figure as it is when it is asked for; NaN while it cannot be read. */
export function addFigureGauge<Read>(
  registry: Registry,
  gauge: { name: string; help: string },
  read: () => Promise<Read>,
  figure: (read: Read) => number,
): void {
  new Gauge({
    ...gauge,
    registers: [registry],
    async collect() {
      this.set(await read().then(figure, () => NaN));
    },
  });
}
