import { pino } from 'pino';

/** The simulator's log: never a phone or a text; those are in `/sim/calls`. */
export const log = pino({ name: 'simulator', level: process.env.LOG_LEVEL ?? 'info' });

/** For Koa's `error` event. A caller who hung up is no error: pages that watch `/sim/events` come and go. */
export function reportError(error: Error & { code?: string }): void {
  const hungUp = error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'ECONNRESET';
  if (!hungUp) log.error(error, 'A request failed in the simulator itself');
}
