/** Tells the database that this server runs, which secrets it takes, and when each has last verified an event. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { secretFingerprint } from '../core/webhook-secrets';
import type { Pool } from '../store/database';
import { serverEnded, serverRuns } from '../store/webhooks';

/** A few of them may fail before a server counts as gone. */
const INTERVAL_MS = 15_000;
/** A use is written no more often than this: whoever asks thinks in hours. */
const USE_GRAIN_MS = 60_000;

export interface PresenceDependencies {
  pool: Pool;
  /** As in PODIUM_WEBHOOK_SECRETS. */
  secrets: readonly string[];
  logger: Logger;
}

export class Presence {
  private readonly id = randomUUID();
  private readonly fingerprints: Map<string, string>;
  /** By fingerprint: uses that are not written yet, and when the last one was written. */
  private unwritten = new Map<string, Date>();
  private readonly writtenAt = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private telling: Promise<void> = Promise.resolve();

  constructor(private readonly deps: PresenceDependencies) {
    this.fingerprints = new Map(deps.secrets.map((secret) => [secret, secretFingerprint(secret)]));
  }

  /** Returns once it is told, or could not be: the next time will do. */
  async start(): Promise<void> {
    this.timer = setInterval(() => void this.tell(), INTERVAL_MS);
    await this.tell();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.telling;
    this.writtenAt.clear(); // the last uses too
    await this.tell();
    await serverEnded(this.deps.pool, this.id).catch(() => undefined);
  }

  /** An event of Podium's was verified with this secret. Writes nothing by itself. */
  onVerified(secret: string): void {
    this.unwritten.set(this.fingerprints.get(secret)!, new Date());
  }

  private tell(): Promise<void> {
    this.telling = this.telling.then(() => this.write());
    return this.telling;
  }

  private async write(): Promise<void> {
    const now = Date.now();
    const due = [...this.unwritten].filter(([key]) => now - (this.writtenAt.get(key) ?? 0) >= USE_GRAIN_MS);
    try {
      const secrets = [...this.fingerprints.values()];
      await serverRuns(this.deps.pool, { id: this.id, secrets }, new Map(due));
    } catch (err) {
      this.deps.logger.debug({ err }, 'the database was not told that this server runs');
      return;
    }
    for (const [key, at] of due) {
      this.writtenAt.set(key, now);
      if (this.unwritten.get(key) === at) this.unwritten.delete(key);
    }
  }
}
