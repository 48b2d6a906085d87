/** The list of Podium's locations in memory, kept fresh, and shared by all servers through Postgres. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { failure } from '../core/error-codes';
import type { Location } from '../core/events';
import { withCountry } from '../core/locations';
import type { PodiumApi } from '../podium/api';
import type { Pool } from '../store/database';
import { lastReading, listLocations, readAlone, replaceLocations } from '../store/locations';
import type { Metrics } from './metrics';
import { Outage } from './outage';

/** An unknown location starts a reading, but not more often than this. */
const MIN_GAP_MS = 5_000;
/** When to look again after a reading that failed, or that another server is making. */
const RETRY_MS = 5_000;
const OTHERS_TURN_MS = 1_000;
/** How often to look for the first list of all, when another server is reading it. */
const FIRST_LIST_MS = 100;

export interface DirectoryDependencies {
  pool: Pool;
  podium: Pick<PodiumApi, 'listLocations'>;
  settings: {
    refresh_interval_seconds: number;
    /** Countries by location uid, where Podium has none. */
    country_overrides: Record<string, string>;
  };
  /** Called with every list that was read, for what waits in quarantine for its location. */
  onRead: () => Promise<void>;
  metrics: Metrics;
  logger: Logger;
}

export class LocationDirectory {
  private locations = new Map<string, Location>();
  private loaded = false;
  private stale = false;
  private busy = false;
  private stopped = false;
  private current: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  /** When the list that is loaded was read; 0 for never. Ms since 1970, as all times here. */
  private readAt = 0;
  /** When the last reading began, and when the next one is due. */
  private began = 0;
  private due = 0;
  /** A list that was read before this will not do. */
  private wantedSince = 0;
  /** Those who wait for the end of a reading. */
  private readonly waiting: (() => void)[] = [];
  private readonly intervalMs: number;
  private readonly outage: Outage;

  constructor(private readonly deps: DirectoryDependencies) {
    this.intervalMs = deps.settings.refresh_interval_seconds * 1000;
    this.outage = new Outage('The list of locations', deps.logger);
  }

  /** Whether there is a list at all. Before that nothing can be judged. */
  get isLoaded(): boolean {
    return this.loaded;
  }

  list(): Location[] {
    return [...this.locations.values()];
  }

  find(uid: string): Location | undefined {
    return this.locations.get(uid);
  }

  /**
   * The location of a uid, for somebody who waits. One that is not on the list may be new: the list is read
   * anew, and waited for so long at most.
   */
  async findWithin(uid: string, patienceMs: number): Promise<Location | undefined> {
    const asked = Date.now();
    if (!this.find(uid)) this.seek();
    for (let left = patienceMs; !this.find(uid) && this.readAt < asked && left > 0;) {
      await Promise.race([this.nextRun(), delay(left, null, { ref: false })]);
      left = asked + patienceMs - Date.now();
    }
    return this.find(uid);
  }

  /** Returns once there is a list: the stored one, or Podium's when none was ever stored and it can be read. */
  async start(): Promise<void> {
    await this.load().catch((error: unknown) => this.outage.begins(error));
    this.current = this.run();
    if (!this.loaded) await this.current;
    while (!this.loaded && !this.outage.lasts && !this.stopped) {
      await delay(FIRST_LIST_MS); // another server is at it
      await this.load().catch((error: unknown) => this.outage.begins(error));
    }
  }

  /** An event came for a location that is not on the list. */
  seek(): void {
    this.wantedSince = Date.now();
    this.comeBackAt(this.began + MIN_GAP_MS);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.current;
  }

  private nextRun(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private comeBackAt(due: number): void {
    this.due = Math.min(this.due, due);
    if (this.busy || this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        this.current = this.run();
      },
      Math.max(this.due - Date.now(), 0),
    );
  }

  private async run(): Promise<void> {
    this.busy = true;
    this.began = Date.now();
    this.due = this.began + this.intervalMs;
    try {
      // The stored list serves first, should Podium or the other server be slow.
      if (!this.loaded) await this.load();
      const read = await this.read();
      await this.load();
      await this.deps.onRead();
      if (!read) this.due = Math.min(this.due, Date.now() + OTHERS_TURN_MS);
      this.outage.ends();
    } catch (error) {
      this.outage.begins(error);
      this.due = Math.min(this.due, Date.now() + RETRY_MS);
    }
    if (this.loaded || this.outage.lasts) this.watchAge();
    this.busy = false;
    for (const resolve of this.waiting.splice(0)) resolve();
    this.comeBackAt(this.due);
  }

  /**
   * Reads Podium's list to the last page and stores it whole, unless another server did so lately.
   * @returns false while another server is at it.
   */
  private async read(): Promise<boolean> {
    const { pool, podium } = this.deps;
    if (await this.isStoredListNewEnough()) return true;
    const done = await readAlone(pool, async () => {
      if (await this.isStoredListNewEnough()) return true;
      const readAt = new Date(); // at the latest: what changes while it is read may be missing
      await replaceLocations(pool, await podium.listLocations(), readAt);
      return true;
    });
    return done ?? false;
  }

  private async isStoredListNewEnough(): Promise<boolean> {
    const readAt = await lastReading(this.deps.pool);
    return (
      readAt !== null && readAt.getTime() >= Math.max(this.wantedSince, this.began - this.intervalMs / 2)
    );
  }

  private async load(): Promise<void> {
    const [list, readAt] = await Promise.all([listLocations(this.deps.pool), lastReading(this.deps.pool)]);
    if (list.length === 0) return; // never read: every store would be taken for unknown
    const { country_overrides: overrides } = this.deps.settings;
    this.locations = new Map(list.map((location) => [location.uid, withCountry(location, overrides)]));
    this.loaded = true;
    this.readAt = readAt?.getTime() ?? 0;
  }

  private watchAge(): void {
    this.deps.metrics.locationsReadAt.set(this.readAt / 1000);
    const stale = Date.now() - this.readAt > 2 * this.intervalMs;
    if (stale && !this.stale) {
      const { code, message, hint } = failure('ERR_WEBCHAT_014');
      this.deps.metrics.codes.inc({ code });
      this.deps.logger.error({ code, hint }, message);
    }
    this.stale = stale;
  }
}
