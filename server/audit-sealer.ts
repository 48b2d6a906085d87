/**
 * Seals the audit within seconds of its writing. Every server tries, and one at a time does it. The end of the
 * chain leaves the database once a minute at most, when it has changed: into the file store and into the log.
 */
import type { Logger } from 'pino';
import type { AuditKey } from '../core/audit-keys';
import { exportHead, EXPORT_EVERY_MS } from '../store/audit-heads';
import { newestSeal, sealBatch, SEALED_AT_ONCE } from '../store/audit-seals';
import type { Pool } from '../store/database';
import type { FileStore } from '../store/files/file-store';
import { Outage } from './outage';
import { repeat } from './repeat';

const INTERVAL_MS = 1_000;

export interface SealerDependencies {
  pool: Pool;
  files: FileStore;
  key: AuditKey;
  logger: Logger;
}

export class AuditSealer {
  private readonly stopping = new AbortController();
  private readonly database: Outage;
  private readonly store: Outage;
  private running: Promise<unknown> = Promise.resolve();
  /** When this server last looked whether an end is to be exported, and which one stood in the store then. */
  private lookedAt = -Infinity;
  private exportedSeal: string | null = null;

  constructor(private readonly deps: SealerDependencies) {
    this.database = new Outage("The audit sealer's database", deps.logger);
    this.store = new Outage("The store for the ends of the audit's chain", deps.logger);
  }

  /** A file store that is slow holds up no sealing. */
  start(): void {
    const repetition = { pauseMs: INTERVAL_MS, signal: this.stopping.signal, outage: this.database };
    this.running = Promise.all([
      repeat(() => this.seal(), repetition),
      repeat(() => this.exportChanged(), repetition),
    ]);
  }

  /** Ends with the batch that is under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async seal(): Promise<void> {
    const { pool, key } = this.deps;
    while ((await sealBatch(pool, key)) === SEALED_AT_ONCE) if (this.stopping.signal.aborted) return;
  }

  private async exportChanged(): Promise<void> {
    if (Date.now() - this.lookedAt < EXPORT_EVERY_MS) return;
    const newest = await newestSeal(this.deps.pool);
    if (!newest || newest.seal === this.exportedSeal) return;
    this.lookedAt = Date.now();
    try {
      const { made, lost } = await exportHead(this.deps.pool, this.deps.files);
      this.store.ends();
      if (made) this.tell(made);
      if (lost) this.tellLoss(lost);
      if (made) this.exportedSeal = made.seal;
    } catch (error) {
      this.store.begins(error);
      this.tell(newest); // the log is a place of its own
    }
  }

  private tell({ number, seal }: { number: number; seal: string }): void {
    this.deps.logger.info({ event: 'audit_head', number, seal }, "The end of the audit's chain");
  }

  private tellLoss({ number, exportedAt }: { number: number; exportedAt: string }): void {
    this.deps.logger.error(
      { event: 'audit_head_lost', number, exportedAt },
      'The audit does not hold any more what it held: see "podium-webchat audit verify"',
    );
  }
}
