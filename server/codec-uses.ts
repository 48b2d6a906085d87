/** Who has the codec show what payloads say: lines in the log, by the name of the token. */
import type { Logger } from 'pino';

/** A page of the Web UI asks many times. */
const ONE_LINE_EVERY_MS = 60_000;

export class CodecUses {
  /** By name, how many payloads were decoded since the line before, and what tells of them at the end of its minute. */
  private readonly since = new Map<string, { payloads: number; timer: NodeJS.Timeout }>();

  constructor(private readonly logger: Logger) {}

  /** The first use is logged at once, and all that follow within a minute at its end. */
  decoded(name: string, payloads: number): void {
    const use = this.since.get(name);
    if (use) use.payloads += payloads;
    else this.tell(name, payloads);
  }

  /** Logs what is not logged yet. For the end of the process. */
  stop(): void {
    for (const [name, { payloads, timer }] of this.since) {
      clearTimeout(timer);
      if (payloads > 0) this.log(name, payloads);
    }
    this.since.clear();
  }

  private tell(name: string, payloads: number): void {
    this.log(name, payloads);
    const timer = setTimeout(() => this.endOfMinute(name), ONE_LINE_EVERY_MS).unref();
    this.since.set(name, { payloads: 0, timer });
  }

  private endOfMinute(name: string): void {
    const { payloads } = this.since.get(name)!;
    this.since.delete(name);
    if (payloads > 0) this.tell(name, payloads);
  }

  private log(name: string, payloads: number): void {
    this.logger.info({ operator: name, payloads }, 'payloads were decoded for an operator');
  }
}
