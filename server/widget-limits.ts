/**
 * How much of the widget's requests one server takes, since the way in is open to anybody. All of it is counted
 * before anything is written. Behind one address there may be a whole shopping centre: many messages may come from
 * there, while phones that nobody has seen before are what an abuser needs, and an ordinary place has few.
 */
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { HTTP_FAILURES, Refusal } from './errors';

/** At once, from all and from one address. */
const MOST_UPLOADS = 64;
const MOST_UPLOADS_OF_ADDRESS = 16;
const BUSY_SECONDS = 5;

/** In a minute: requests of any kind, messages, messages of one customer at a store, of all at one store. */
const REQUESTS_OF_ADDRESS = 1_200;
const MESSAGES_OF_ADDRESS = 120;
const MESSAGES_OF_CUSTOMER = 30;
const MESSAGES_OF_LOCATION = 600;
/** Opt-outs are never refused by the limits of messages. */
const OPT_OUTS_OF_ADDRESS = 300;

/** New phones of one address, and in how many seconds. Who is refused tries again, and gets in when it is over. */
const NEW_PHONES_OF_ADDRESS = 20;
const NEW_PHONES_SECONDS = 600;

/** A message that may be written, if there is not too much of it. */
export interface Counted {
  address: string;
  phone: string;
  locationUid: string;
  /** Whether it opts its writer out. */
  optOut: boolean;
}

const perMinute = (points: number) => new RateLimiterMemory({ points, duration: 60 });

export class WidgetLimits {
  private readonly uploads = new Map<string, number>();
  private uploadsUnderWay = 0;
  private readonly requests = perMinute(REQUESTS_OF_ADDRESS);
  private readonly optOuts = perMinute(OPT_OUTS_OF_ADDRESS);
  private readonly ofAddress = perMinute(MESSAGES_OF_ADDRESS);
  private readonly ofCustomer = perMinute(MESSAGES_OF_CUSTOMER);
  private readonly ofLocation = perMinute(MESSAGES_OF_LOCATION);
  private readonly newPhones = new RateLimiterMemory({
    points: NEW_PHONES_OF_ADDRESS,
    duration: NEW_PHONES_SECONDS,
  });
  /** Phones that came from an address lately, and are new no more. */
  private readonly seen = new RateLimiterMemory({ points: 1, duration: NEW_PHONES_SECONDS });

  /** Counts a request of any kind. @throws {Refusal} 429 */
  async countRequest(address: string): Promise<void> {
    await take(this.requests, address);
  }

  /**
   * Lets an upload of this address begin.
   * @returns to be called at its end
   * @throws {Refusal} 429
   */
  beginUpload(address: string): () => void {
    const ofAddress = this.uploads.get(address) ?? 0;
    if (this.uploadsUnderWay >= MOST_UPLOADS || ofAddress >= MOST_UPLOADS_OF_ADDRESS)
      throw tooMany(BUSY_SECONDS);
    this.countUpload(address, 1);
    return () => this.countUpload(address, -1);
  }

  /**
   * Counts a message of a customer at a store.
   * @param isKnown whether the phone has been in touch with this store before: only what is new is scarce
   * @throws {Refusal} 429
   */
  async countMessage(
    { address, phone, locationUid, optOut }: Counted,
    isKnown: () => Promise<boolean>,
  ): Promise<void> {
    if (optOut) return this.countOptOut(address);
    await take(this.ofAddress, address);
    await take(this.ofCustomer, `${phone} ${locationUid}`);
    await this.countPhone(address, phone, isKnown);
    await take(this.ofLocation, locationUid); // last, so that what is refused anyway uses up nothing of the store's
  }

  /** Counts an opt-out, at whatever store. @throws {Refusal} 429 */
  async countOptOut(address: string): Promise<void> {
    await take(this.optOuts, address);
  }

  private async countPhone(address: string, phone: string, isKnown: () => Promise<boolean>): Promise<void> {
    const key = `${address} ${phone}`;
    if ((await this.seen.get(key)) || (await isKnown())) return;
    await take(this.newPhones, address);
    await this.seen.set(key, 1, NEW_PHONES_SECONDS);
  }

  private countUpload(address: string, change: 1 | -1): void {
    this.uploadsUnderWay += change;
    const left = (this.uploads.get(address) ?? 0) + change;
    if (left > 0) this.uploads.set(address, left);
    else this.uploads.delete(address);
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
