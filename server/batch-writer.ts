/** Turns many single writes into few large ones, without making the first of them wait. */

interface Waiting<Item, Result> {
  item: Item;
  signal: AbortSignal;
  resolve: (result: Result) => void;
  reject: (error: Error) => void;
}

export interface BatchWriterOptions<Item, Result> {
  /** Writes all items or none; the results stand in the items' order. */
  writeBatch: (items: Item[]) => Promise<Result[]>;
  /** Whether one item may be what made the batch fail; if so, its items are written one by one. */
  mayBlameAnItem: (error: unknown) => boolean;
  /** Whether an item would fail as one before it has, of those that are written one by one: then it is not tried. */
  failsAlike: (item: Item, failed: Item, error: unknown) => boolean;
  maxBatch: number;
}

/**
 * One batch is on its way at any time, and what arrives meanwhile makes the next one. So batches
 * are as large as the load is, and items are written in the order in which they came.
 */
export class BatchWriter<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private busy = false;

  constructor(private readonly options: BatchWriterOptions<Item, Result>) {}

  /**
   * Resolves when the item is written. Rejects with the signal's reason when that comes first;
   * an item that was still waiting then is never written.
   */
  write(item: Item, signal: AbortSignal): Promise<Result> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(signal.reason as Error);
      if (signal.aborted) return giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiting.push({ item, signal, resolve, reject });
      if (this.busy) return;
      this.busy = true;
      // Whatever else arrived in this turn of the event loop goes along.
      setImmediate(() => void this.drain());
    });
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.options.maxBatch).filter(({ signal }) => !signal.aborted);
      if (batch.length > 0) await this.writeTogether(batch);
    }
    this.busy = false;
  }

  private async writeTogether(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.options.writeBatch(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => resolve(results[index] as Result));
    } catch (error) {
      if (batch.length > 1 && this.options.mayBlameAnItem(error)) await this.writeOneByOne(batch);
      else batch.forEach(({ reject }) => reject(error as Error));
    }
  }

  private async writeOneByOne(batch: Waiting<Item, Result>[]): Promise<void> {
    const { writeBatch, failsAlike } = this.options;
    const failures: { item: Item; error: unknown }[] = [];
    for (const { item, signal, resolve, reject } of batch) {
      if (signal.aborted) continue;
      const alike = failures.find((failed) => failsAlike(item, failed.item, failed.error));
      if (alike) {
        reject(alike.error as Error);
        continue;
      }
      try {
        const [result] = await writeBatch([item]);
        resolve(result as Result);
      } catch (error) {
        failures.push({ item, error });
        reject(error as Error);
      }
    }
  }
}
