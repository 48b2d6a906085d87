/**
 * Closes the sessions whose workflow was ended from outside, as by an operator in Temporal's Web UI: it cannot do so
 * itself any more. Every server looks; closing one twice is closing it once.
 */
import type { Logger } from 'pino';
import { closeEndedOutside } from '../ops/session-scan';
import type { SessionTools } from '../ops/sessions';
import { Outage } from './outage';
import { repeat } from './repeat';

const INTERVAL_MS = 15_000;
/** What has ended while no server ran. */
const FIRST_LOOK_BACK_MS = 24 * 60 * 60 * 1000;
/** Temporal's list of workflows may be so late. */
const LIST_LAG_MS = 5 * 60 * 1000;

export class EndedWorkflows {
  private readonly stopping = new AbortController();
  private readonly outage: Outage;
  private running: Promise<void> = Promise.resolve();
  private since = new Date(Date.now() - FIRST_LOOK_BACK_MS);

  constructor(
    private readonly tools: SessionTools,
    private readonly logger: Logger,
  ) {
    this.outage = new Outage('The look at workflows that were ended from outside', logger);
  }

  start(): void {
    const { signal } = this.stopping;
    const repetition = { pauseMs: INTERVAL_MS, signal, outage: this.outage, isCutOff: true };
    this.running = repeat(() => this.look(), repetition);
  }

  /** Calls to Temporal that are under way are given up. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async look(): Promise<void> {
    const beganAt = Date.now();
    const closed = await this.tools.client.withAbortSignal(this.stopping.signal, () =>
      closeEndedOutside(this.tools, this.since),
    );
    for (const { workflowId, sessionUid } of closed)
      this.logger.warn({ workflowId, sessionUid }, 'A session was closed, since its workflow had been ended');
    this.since = new Date(beganAt - LIST_LAG_MS);
  }
}
