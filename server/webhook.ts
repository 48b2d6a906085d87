/** `POST /webhooks/podium`: a delivery becomes a row, then 200. */
import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import { failure } from '../core/error-codes';
import type { PodiumEvent, Verdict } from '../core/events';
import { quarantined } from '../core/verdict';
import { TEST_EVENT } from '../core/webhooks';
import type { SignatureRules } from '../podium/signature';
import { emptyEvent, readEvent } from '../podium/webhook-event';
import type { Outcome, ReceivedEvent } from '../store/inbox';
import { noteReceipt } from '../store/receipt-span';
import { notStored, Refusal } from './errors';
import type { Metrics } from './metrics';
import { Outage } from './outage';
import { readSignedBody, type SignedBody } from './signed-body';

/** Half of the 5 s that Podium waits. */
const BUDGET_MS = 2_500;

const OVERSIZE = failure('ERR_WHK_011', {
  hint: 'The inbox holds the beginning of it. Look into Podium for the message itself.',
});

export interface WebhookDependencies {
  rules: SignatureRules;
  judge: (event: PodiumEvent) => Verdict;
  /** Resolves once the event is committed; rejects with the signal's reason when that takes too long. */
  write: (received: ReceivedEvent, signal: AbortSignal) => Promise<Outcome>;
  /** Hears with which secret each event of Podium's is signed. */
  onVerified: (secret: string) => void;
  metrics: Metrics;
  logger: Logger;
  budgetMs?: number;
}

/**
 * Whatever Podium signed is stored and answered 200, since any other answer holds up all stores
 * behind its webhook. 401 and 413 are for what it did not sign, 503 for what could not be stored.
 */
export function webhookReceiver(deps: WebhookDependencies): Middleware {
  const inbox = new Outage('The inbox', deps.logger);
  const write = async (received: ReceivedEvent, signal: AbortSignal): Promise<Outcome> => {
    try {
      const outcome = await deps.write(received, signal);
      inbox.ends();
      return outcome;
    } catch (error) {
      inbox.begins(error);
      noteReceipt(received, 'not_stored');
      throw notStored();
    }
  };

  return async (ctx) => {
    const begunAt = new Date();
    const observe = deps.metrics.webhookSeconds.startTimer();
    const budget = new AbortController();
    const timer = setTimeout(() => budget.abort(notStored()), deps.budgetMs ?? BUDGET_MS);
    try {
      const body = await readSignedBody(ctx.req, deps.rules, budget.signal);
      const received = { ...interpret(body, deps.judge), begunAt };
      // Our own test of the way in says nothing about the secret that Podium has.
      if (received.event.eventType !== TEST_EVENT) deps.onVerified(body.secret);
      const outcome = await write(received, budget.signal);
      deps.metrics.webhookEvents.inc({ status: outcome.status });
      ctx.body = {
        status: outcome.status,
        eventId: received.event.eventId,
        ...(outcome.failure && { error: outcome.failure }),
      };
    } catch (error) {
      if (error instanceof Refusal) {
        deps.metrics.webhookEvents.inc({ status: String(error.status) });
        deps.metrics.codes.inc({ code: error.failure.code });
      }
      throw error;
    } finally {
      clearTimeout(timer);
      observe();
    }
  };
}

function interpret(body: SignedBody, judge: (event: PodiumEvent) => Verdict): ReceivedEvent {
  const receivedAt = new Date();
  const raw = body.bytes;
  if (body.oversize)
    return { event: emptyEvent(body.sha256), verdict: quarantined(OVERSIZE), raw, receivedAt };
  const read = readEvent(raw);
  return {
    event: read.event,
    verdict: read.ok ? judge(read.event) : quarantined(read.failure),
    raw,
    receivedAt,
  };
}
