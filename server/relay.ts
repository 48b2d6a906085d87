/**
 * Hands what waits in the inbox to the workflows. It takes sessions, not rows: all that waits for a
 * session goes out in order and in one signal, whichever server does it (docs/decisions/relay-lease.md).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { failure } from '../core/error-codes';
import type { Location } from '../core/events';
import { maskPhone } from '../core/phone';
import {
  MESSAGE_SIGNAL,
  OPT_OUT_SIGNAL,
  SESSION_QUEUE,
  WEBCHAT_SESSION,
  type SessionInput,
  type SessionPolicy,
} from '../core/session';
import type { Pool } from '../store/database';
import {
  claimSessions,
  claimWorkflowStarts,
  deleteWorkflowStart,
  failClaim,
  quarantineMessages,
  settleClaim,
  type SessionClaim,
  type WorkflowStart,
} from '../store/relay';
import type { Metrics } from './metrics';
import { Nudge } from './nudge';
import { Outage } from './outage';
import { noteSignal, noteStart } from './relay-span';

/** Calls to Temporal under way at once; a dev server does not get faster with more. */
const CONCURRENCY = 32;
const CALL_DEADLINE_MS = 5_000;
/** Longer than the calls for one session can take, with the SDK's own retries. */
const LEASE_MS = 15_000;
/** How soon a row is found that this process was not told of: another server's, or a dead one's. */
const LOOK_AROUND_MS = 1_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
/** Of grpc. */
const INVALID_ARGUMENT = 3;

/** A note is posted once and a file fetched once, whenever it is started again. The others look for themselves what is left to do. */
const REUSE = {
  agentNote: 'REJECT_DUPLICATE',
  inboundFile: 'REJECT_DUPLICATE',
  fileSend: 'REJECT_DUPLICATE',
  ownText: 'REJECT_DUPLICATE',
  widgetImport: 'REJECT_DUPLICATE',
  optOutMirror: 'ALLOW_DUPLICATE',
  optOutSecondLook: 'ALLOW_DUPLICATE',
  contactMaking: 'ALLOW_DUPLICATE',
  contactReading: 'ALLOW_DUPLICATE',
} as const;

/** What they are about, in the Web UI. */
const SUMMARY = {
  agentNote: 'A note for the agent, and the close at Podium',
  inboundFile: 'A file of a customer',
  fileSend: 'A file for a customer',
  ownText: 'A text outside of a session',
  widgetImport: "A message of the widget, into Podium's inbox",
  optOutMirror: 'Podium is told of an opt-out or opt-in',
  optOutSecondLook: 'Whether what looked like our echo was an opt-out',
  contactMaking: 'A contact that a session could not have',
  contactReading: 'A contact that Podium does not give yet',
} as const satisfies Record<keyof typeof REUSE, string>;

/** What became of a use of Temporal: `refused` would be refused again. */
type CallOutcome = 'done' | 'refused' | 'failed';

export interface RelayDependencies {
  pool: Pool;
  client: Client;
  findLocation: (uid: string) => Location | undefined;
  policyOf: (location: Pick<Location, 'uid'>) => SessionPolicy;
  metrics: Metrics;
  logger: Logger;
}

export class Relay {
  private readonly underWay = new Set<Promise<void>>();
  private readonly nudge = new Nudge();
  private readonly stopping = new AbortController();
  private readonly temporal: Outage;
  private readonly database: Outage;
  private pauseMs = 0;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly deps: RelayDependencies) {
    this.temporal = new Outage('Temporal', deps.logger);
    this.database = new Outage("The relay's database", deps.logger);
  }

  start(): void {
    this.running = this.run();
  }

  /** Something new is in the inbox. */
  wake(): void {
    this.nudge.give();
  }

  /** Takes nothing new, and ends what is under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.nudge.give();
    await this.running;
    await Promise.all(this.underWay);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      if (this.pauseMs > 0) await delay(this.pauseMs, null, { signal }).catch(() => null);
      const isBusy = this.underWay.size > CONCURRENCY / 2; // a few at a time, rather than one by one
      const taken = isBusy || signal.aborted ? 0 : await this.take();
      if (taken === 0) await this.nudge.sleep(LOOK_AROUND_MS);
    }
  }

  /** @returns how much work was found and begun. */
  private async take(): Promise<number> {
    const { pool } = this.deps;
    // While Temporal is away, one call at a time looks whether it is back.
    const room = (this.temporal.lasts ? 1 : CONCURRENCY) - this.underWay.size;
    if (room <= 0) return 0;
    try {
      const claims = await claimSessions(pool, room, LEASE_MS);
      const roomLeft = room - claims.length;
      const starts = roomLeft > 0 ? await claimWorkflowStarts(pool, roomLeft, LEASE_MS) : [];
      this.database.ends();
      for (const claim of claims) this.begin(this.deliver(claim));
      for (const start of starts) this.begin(this.startWorkflow(start));
      return claims.length + starts.length;
    } catch (error) {
      this.database.begins(error);
      return 0;
    }
  }

  private begin(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => this.database.begins(error)) // its lease runs out, and it is taken again
      .finally(() => {
        this.underWay.delete(done);
        this.nudge.give();
      });
    this.underWay.add(done);
  }

  private async deliver(claim: SessionClaim): Promise<void> {
    const { pool, logger } = this.deps;
    const { workflowId, messages, optOutAt } = claim;
    const begunAt = Date.now();
    const signalled =
      messages.length > 0 ? await this.call(workflowId, () => this.signalMessages(claim)) : 'done';
    const ofMessages = messages.map(({ number, traceId }) => ({ workflowId, number, traceId }));
    if (signalled === 'done') for (const one of ofMessages) logger.info(one, 'A message was signalled');
    for (const message of messages) noteSignal(message, { workflowId, begunAt, outcome: signalled });
    if (signalled === 'refused') {
      // The opt-out, if there is one, comes in a claim of its own.
      await quarantineMessages(pool, { ...claim, optOutAt: null }, failure('ERR_WHK_007'));
      return;
    }
    const told =
      signalled === 'done' && optOutAt
        ? await this.call(workflowId, () => this.signalOptOut(workflowId, optOutAt))
        : signalled;
    if (told === 'failed') await failClaim(pool, claim, this.pauseMs);
    else await settleClaim(pool, claim);
  }

  private async signalMessages({ workflowId, phone, locationUid, messages }: SessionClaim): Promise<void> {
    // It was on the list when the message came; has it gone since, the door lets nothing out for it.
    const locationName = this.deps.findLocation(locationUid)?.name ?? '';
    const policy = this.deps.policyOf({ uid: locationUid });
    const input: SessionInput = { phone, locationUid, locationName, policy };
    await this.deps.client.workflow.signalWithStart(WEBCHAT_SESSION, {
      workflowId,
      taskQueue: SESSION_QUEUE,
      staticSummary: `Chat with ${maskPhone(phone)} at ${locationName || locationUid}`, // encrypted, as the input is
      args: [input],
      signal: MESSAGE_SIGNAL,
      signalArgs: [messages],
    });
  }

  /** A plain signal: an opt-out starts no session. */
  private async signalOptOut(workflowId: string, at: Date): Promise<void> {
    const wish = { actor: 'customer', reason: 'The customer opted out.', at: at.getTime() };
    try {
      await this.deps.client.workflow.getHandle(workflowId).signal(OPT_OUT_SIGNAL, wish);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error; // else it has ended by itself
    }
  }

  private async startWorkflow({ id, workflowType, workflowId, args }: WorkflowStart): Promise<void> {
    const begunAt = Date.now();
    const outcome = await this.call(workflowId, async () => {
      const workflowIdReusePolicy = REUSE[workflowType];
      try {
        const staticSummary = SUMMARY[workflowType];
        const options = { workflowId, taskQueue: SESSION_QUEUE, workflowIdReusePolicy, staticSummary };
        await this.deps.client.workflow.start(workflowType, { ...options, args });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error; // else it was started before
      }
    });
    noteStart(workflowType, args[0].traceId, { workflowId, begunAt, outcome });
    if (outcome === 'done') await deleteWorkflowStart(this.deps.pool, id);
    // Else its lease runs out, and it is tried again.
  }

  /** One use of Temporal within its deadline. A failure makes all further ones wait a little longer. */
  private async call(workflowId: string, work: () => Promise<unknown>): Promise<CallOutcome> {
    const pauseBefore = this.pauseMs; // many calls may fail together, and count as one failure
    const outcome = await this.deps.client
      .withDeadline(Date.now() + CALL_DEADLINE_MS, work)
      .then(() => 'done' as const)
      .catch((error: unknown) => this.judge(error, workflowId));
    if (outcome === 'done') {
      this.temporal.ends();
      this.pauseMs = 0;
    } else if (outcome === 'failed') {
      this.pauseMs = Math.min(Math.max(pauseBefore * 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
    }
    this.deps.metrics.relayCalls.inc({ outcome });
    return outcome;
  }

  private judge(error: unknown, workflowId: string): CallOutcome {
    const { code, cause } = error as { code?: number; cause?: { code?: number } };
    if ((code ?? cause?.code) !== INVALID_ARGUMENT) {
      this.temporal.begins(error);
      return 'failed';
    }
    const refused = failure('ERR_WHK_007');
    this.deps.metrics.codes.inc({ code: refused.code });
    this.deps.logger.error({ err: error, code: refused.code, workflowId }, refused.message);
    return 'refused';
  }
}
