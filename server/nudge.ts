/** A sleep that others may end early. A nudge given while nobody sleeps ends the next sleep. */
export class Nudge {
  private given = false;
  private wake: (() => void) | null = null;

  give(): void {
    this.given = true;
    this.wake?.();
  }

  /** Returns after `ms`, or as soon as there is a nudge. */
  async sleep(ms: number): Promise<void> {
    if (!this.given) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.wake = null;
    this.given = false;
  }
}
