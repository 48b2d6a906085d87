/** Notices when many events in a short time could not be routed: a new store, or a wrong setting. */
export class RejectionBurst {
  private rejections: number[] = [];

  constructor(private readonly limit: { count: number; minutes: number }) {}

  /** Notes a rejection at `now` (ms). @returns whether it completes a burst; the count starts anew then. */
  note(now: number): boolean {
    const since = now - this.limit.minutes * 60_000;
    this.rejections = [...this.rejections.filter((at) => at > since), now];
    const complete = this.rejections.length >= this.limit.count;
    if (complete) this.rejections = [];
    return complete;
  }
}
