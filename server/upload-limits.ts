/** How much of uploads one server takes, since the way in is open to anybody. */
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { HTTP_FAILURES, Refusal } from './errors';

/** At once, from all and from one address: behind one there may be a whole office. */
const MOST_AT_ONCE = 64;
const MOST_OF_ADDRESS_AT_ONCE = 16;
/** In a minute. */
const ADDRESS_PER_MINUTE = 120;
const CUSTOMER_PER_MINUTE = 30;

const BUSY_SECONDS = 5;

export class UploadLimits {
  private readonly underWay = new Map<string, number>();
  private total = 0;
  private readonly addresses = new RateLimiterMemory({ points: ADDRESS_PER_MINUTE, duration: 60 });
  private readonly customers = new RateLimiterMemory({ points: CUSTOMER_PER_MINUTE, duration: 60 });

  /**
   * Lets an upload of this address begin.
   * @returns to be called at its end
   * @throws {Refusal} 429
   */
  async begin(address: string): Promise<() => void> {
    const ofAddress = this.underWay.get(address) ?? 0;
    if (this.total >= MOST_AT_ONCE || ofAddress >= MOST_OF_ADDRESS_AT_ONCE) throw tooMany(BUSY_SECONDS);
    this.count(address, 1);
    try {
      await take(this.addresses, address);
    } catch (error) {
      this.count(address, -1);
      throw error;
    }
    return () => this.count(address, -1);
  }

  /** Counts an upload for a customer at a store. @throws {Refusal} 429 */
  async countFor(phone: string, locationUid: string): Promise<void> {
    await take(this.customers, `${phone} ${locationUid}`);
  }

  private count(address: string, change: 1 | -1): void {
    this.total += change;
    const left = (this.underWay.get(address) ?? 0) + change;
    if (left > 0) this.underWay.set(address, left);
    else this.underWay.delete(address);
  }
}

async function take(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refused) {
    if (refused instanceof Error) throw refused;
    throw tooMany(Math.ceil((refused as RateLimiterRes).msBeforeNext / 1000));
  }
}

function tooMany(seconds: number): Refusal {
  return new Refusal(429, HTTP_FAILURES.tooMany, { 'Retry-After': String(Math.max(seconds, 1)) });
}
