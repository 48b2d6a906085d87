/** Says once that something is away and once that it is back, however often it is tried meanwhile. */
import type { Logger } from 'pino';

export class Outage {
  private since: number | null = null;

  constructor(
    private readonly what: string,
    private readonly logger: Logger,
  ) {}

  get lasts(): boolean {
    return this.since !== null;
  }

  begins(error: unknown): void {
    if (this.lasts) return;
    this.since = Date.now();
    this.logger.error({ err: error }, `${this.what} is away`);
  }

  ends(): void {
    if (this.since === null) return;
    this.logger.info({ seconds: Math.round((Date.now() - this.since) / 1000) }, `${this.what} is back`);
    this.since = null;
  }
}
