/** The newest entries of something that is counted for ever: `n` goes on when old entries are dropped. */
export class NumberedLog<T extends object> {
  private entries: (T & { n: number })[] = [];
  private last = 0;

  constructor(private readonly capacity: number) {}

  append(entry: T): T & { n: number } {
    const numbered = Object.assign(entry, { n: ++this.last });
    this.entries.push(numbered);
    // A tenth more than is kept, so that the array is moved now and then rather than with every entry.
    if (this.entries.length > this.capacity * 1.1) this.entries = this.entries.slice(-this.capacity);
    return numbered;
  }

  /** The entries with a number above `n`, oldest first. */
  after(n: number): (T & { n: number })[] {
    const first = this.last - this.entries.length;
    return this.entries.slice(Math.max(0, n - first));
  }

  clear(): void {
    this.entries = [];
  }
}
