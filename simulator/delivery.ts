import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { eventBody, type Happening } from './events';
import { log } from './log';
import { NumberedLog } from './numbered-log';
import type { Contract, Settings } from './settings';
import { postEvent, signature, type Attempt } from './post';
import type { Webhook, World } from './world';

/** Podium lets go of an event after about ten days. */
const KEPT_FOR_MS = 10 * 24 * 60 * 60 * 1000;

/** Waits before the retries, in seconds. Podium says how many and over how long, but not how they are spread. */
const RETRY_WAITS: Record<Contract, number[]> = {
  // 15 within 8 hours
  published: Array.from({ length: 15 }, (_, n) => Math.min(10 * 2 ** n, 3750)),
  // 6 within 24 hours
  skill: [60, 300, 1800, 7200, 21_600, 54_000],
};

/** An event on its way to one webhook. */
export interface Delivery {
  event_uid: string;
  event_type: string;
  webhook_uid: string;
  contract: Contract;
  /** Ms since 1970. */
  queued_at: number;
  state: 'waiting' | 'delivered' | 'expired';
  body: string;
  /** The headers of its first attempt: a retry may carry them again. */
  first_signature: Record<string, string> | null;
  attempts: Attempt[];
  /** Failed attempts since the webhook was last enabled. */
  failures: number;
}

/**
 * Podium's webhook queue. Each webhook has one, delivered in order and one at a time: while an event is
 * retried all others wait, and when the retries are used up the webhook is disabled and its queue fills.
 */
export class Deliveries {
  readonly log = new NumberedLog<Delivery>(20_000);
  private readonly atWork = new Set<Webhook>();
  private readonly waiting = new Map<Webhook, AbortController>();
  private readonly stopping = new AbortController();
  /** Parts of an event that the loss rate has still to lose. */
  private owed = 0;

  constructor(
    private readonly world: World,
    private readonly settings: Settings,
    /** Divides the waits between retries, and nothing else. */
    private readonly timeScale: number,
  ) {}

  /** Goes on with what waited when the simulator last ended. */
  start(): void {
    for (const webhook of this.world.webhooks.values()) {
      webhook.queue.forEach((delivery) => this.log.append(delivery));
      void this.work(webhook);
    }
  }

  stop(): void {
    this.stopping.abort();
    for (const wait of this.waiting.values()) wait.abort();
  }

  /** Puts the event into the queue of each webhook that wants it. Returns the first one's event uid; null when it is lost. */
  publish(happening: Happening): string | null {
    if (this.loses()) return null;
    const deliveries = [...this.world.webhooks.values()]
      .filter((webhook) => wants(webhook, happening))
      .map((webhook) => this.enqueue(webhook, happening));
    return deliveries[0]?.event_uid ?? null;
  }

  /** Every so many events rather than at random, so that a test loses what it means to lose. */
  private loses(): boolean {
    this.owed += this.settings.webhook_loss_rate;
    if (this.owed < 0.999_999) return false; // a sum of fractions
    this.owed -= 1;
    return true;
  }

  /** Enables the webhook, and tries what waits at once, with all retries ahead of it. */
  enable(webhook: Webhook): void {
    webhook.disabled = false;
    if (webhook.queue[0]) webhook.queue[0].failures = 0;
    this.world.changed({ kind: 'webhook', webhook_uid: webhook.uid, disabled: false });
    this.waiting.get(webhook)?.abort();
    void this.work(webhook);
  }

  /** From now on its queue only fills. */
  disable(webhook: Webhook): void {
    webhook.disabled = true;
    this.world.changed({ kind: 'webhook', webhook_uid: webhook.uid, disabled: true });
    this.waiting.get(webhook)?.abort();
  }

  /** Posts an event once more, whatever became of it before. */
  async redeliver(delivery: Delivery, webhook: Webhook): Promise<Attempt> {
    const attempt = await this.post(webhook, delivery);
    this.world.changed({ kind: 'delivery', event_uid: delivery.event_uid, status: attempt.status });
    return attempt;
  }

  private enqueue(webhook: Webhook, happening: Happening): Delivery {
    const eventUid = randomUUID();
    const { contract } = this.settings;
    const delivery = this.log.append({
      event_uid: eventUid,
      event_type:
        contract === 'skill' ? (happening.skill?.eventType ?? happening.eventType) : happening.eventType,
      webhook_uid: webhook.uid,
      contract,
      queued_at: Math.min(happening.at ?? Infinity, Date.now()),
      state: 'waiting',
      body: eventBody(happening, contract, eventUid),
      first_signature: null,
      attempts: [],
      failures: 0,
    });
    webhook.queue.push(delivery);
    void this.work(webhook);
    return delivery;
  }

  /** Empties a queue, unless someone is at it already. */
  private async work(webhook: Webhook): Promise<void> {
    if (this.atWork.has(webhook)) return;
    this.atWork.add(webhook);
    try {
      while (webhook.queue[0] && (await this.deliver(webhook, webhook.queue[0])));
    } finally {
      // In the same breath as the last look at the queue, or an event that comes in between is left lying.
      this.atWork.delete(webhook);
    }
  }

  /** Deals with the oldest event for once. False when the queue is to be left alone. */
  private async deliver(webhook: Webhook, delivery: Delivery): Promise<boolean> {
    const left = delivery.queued_at + this.settings.delivery_delay_ms - Date.now();
    if (delivery.failures === 0) await this.wait(webhook, left);
    if (this.stopping.signal.aborted || webhook.disabled) return false;
    if (delivery.queued_at < Date.now() - KEPT_FOR_MS) delivery.state = 'expired';
    else if (await this.attempt(webhook, delivery)) delivery.state = 'delivered';

    if (delivery.state !== 'waiting') webhook.queue.shift();
    else if (!this.stopping.signal.aborted) await this.waitForRetry(webhook, delivery);
    return true;
  }

  private async waitForRetry(webhook: Webhook, delivery: Delivery): Promise<void> {
    const seconds = RETRY_WAITS[delivery.contract][delivery.failures++];
    if (seconds === undefined) {
      log.warn({ webhook: webhook.uid }, 'A webhook is disabled; Podium would send an e-mail');
      this.disable(webhook);
    } else await this.wait(webhook, (seconds * 1000) / this.timeScale);
  }

  /** Ends early when the webhook is enabled or disabled, and when the simulator ends. */
  private async wait(webhook: Webhook, ms: number): Promise<void> {
    if (ms <= 0 || this.stopping.signal.aborted) return;
    const controller = new AbortController();
    this.waiting.set(webhook, controller);
    await pause(ms, undefined, { signal: controller.signal }).catch(() => undefined);
    this.waiting.delete(webhook);
  }

  /** One attempt, now and then made twice at the same moment. True when Podium takes it as delivered. */
  private async attempt(webhook: Webhook, delivery: Delivery): Promise<boolean> {
    const copies = Math.random() < this.settings.duplicate_rate ? 2 : 1;
    const attempts = await Promise.all(Array.from({ length: copies }, () => this.post(webhook, delivery)));
    delivery.attempts.push(...attempts);
    const delivered = attempts.some(({ status }) => status === 200);
    this.world.changed({ kind: 'delivery', event_uid: delivery.event_uid, delivered });
    return delivered;
  }

  private post(webhook: Webhook, delivery: Delivery): Promise<Attempt> {
    const anew = this.settings.retry_stamp === 'anew' || delivery.first_signature === null;
    const headers = anew
      ? signature(webhook.secret, delivery.contract, delivery.body, Date.now())
      : delivery.first_signature!;
    delivery.first_signature ??= headers;
    return postEvent(webhook.url, delivery.body, headers, this.stopping.signal);
  }
}

function wants(webhook: Webhook, { eventType, locationUid }: Happening): boolean {
  return (
    webhook.eventTypes.includes(eventType) &&
    (webhook.locationUid === null || webhook.locationUid === locationUid)
  );
}
