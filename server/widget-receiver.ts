/** Takes in what customers write on websites: whose it is, whether there is too much of it, and into the inbox. */
import { isOptedOut } from '../store/opt-out-states';
import { hasBeenInTouch } from '../store/sessions';
import type { Outcome } from '../store/inbox';
import { notStored, Refusal } from './errors';
import type { WidgetDependencies } from './widget';
import type { WidgetLimits } from './widget-limits';
import { rawWidgetMessage, widgetEvent, type WidgetMessage } from '../podium/widget-message';

/** A customer's message at a store that is ours. */
export interface Admitted {
  message: WidgetMessage;
  eventId: string;
  phone: string;
  locationUid: string;
}

/** What the customer wrote in these fields cannot be used; the widget shows it there. */
const FIELDS: Readonly<Record<string, string>> = {
  ERR_WEBCHAT_001: 'phone',
  ERR_WEBCHAT_002: 'location_uid',
  ERR_WEBCHAT_003: 'location_uid',
};

export class WidgetReceiver {
  constructor(
    private readonly deps: WidgetDependencies,
    private readonly limits: WidgetLimits,
  ) {}

  /**
   * Whose message it is, and at which store.
   * @param checkOrigin throws where the page may not use the widget at this location
   * @throws {Refusal} 400, 403, 429
   */
  async admit(
    message: WidgetMessage,
    address: string,
    checkOrigin: (locationUid: string) => void,
  ): Promise<Admitted> {
    const { pool, judge, findLocation } = this.deps;
    if (message.locationUid !== null) {
      checkOrigin(message.locationUid);
      await findLocation(message.locationUid);
    }
    const event = widgetEvent(message);
    const verdict = judge(event);
    if (verdict.kind === 'quarantined') {
      // It is told no now, and need not be kept; but a STOP counts wherever it is said.
      if (verdict.optOut && verdict.phone !== null) {
        await this.limits.countOptOut(address);
        await this.write(message);
      } else this.deps.onRejection(verdict.failure.code);
      const field = FIELDS[verdict.failure.code];
      throw new Refusal(400, { ...verdict.failure, ...(field && { field }) });
    }
    if (verdict.kind !== 'customer_message')
      throw new Error(`A widget's message was judged ${verdict.kind}.`);
    const { phone, locationUid } = verdict;
    const optOut = verdict.optOut !== null;
    await this.limits.countMessage({ address, phone, locationUid, optOut }, () =>
      hasBeenInTouch(pool, phone, locationUid),
    );
    return { message, eventId: event.eventId, phone, locationUid };
  }

  /** Puts a message into the inbox, with all that follows from it. @throws {Refusal} 503 */
  async write(message: WidgetMessage): Promise<Outcome> {
    const { judge, receive, metrics, logger } = this.deps;
    const event = widgetEvent(message);
    const raw = rawWidgetMessage(message);
    const received = { event, verdict: judge(event), raw, receivedAt: new Date() };
    try {
      const outcome = await receive(received);
      metrics.widgetMessages.inc({ outcome: outcome.status === 'duplicate' ? 'duplicate' : 'accepted' });
      return outcome;
    } catch (err) {
      logger.error({ err }, 'a message of the widget could not be stored');
      throw notStored();
    }
  }

  /** Whether a customer gets no texts: who waits for one that never comes is told. */
  async isOptedOut(phone: string): Promise<boolean> {
    return isOptedOut(this.deps.pool, phone);
  }
}
