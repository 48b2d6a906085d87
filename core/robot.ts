/** When the robot may not speak by itself, as the settings say. A switch in the database comes on top of it. */
import type { Settings } from './settings';

export const PAUSED = 'ERR_WEBCHAT_020';
export const QUIET = 'ERR_WEBCHAT_021';

/** Why a text of the robot's is held back. */
export type HoldCode = typeof PAUSED | typeof QUIET;

/** What a person sends by themselves, or is shown to the store alone. */
const BY_PEOPLE = new Set(['file', 'forwarded_file']);

export type QuietHours = NonNullable<Settings['quiet_hours']['all']>;

/** Whether a text of this purpose comes from the robot, so that a pause holds it back. */
export function isAutomatic(purpose: string): boolean {
  return !BY_PEOPLE.has(purpose);
}

export function isHoldCode(code: string | null): code is HoldCode {
  return code === PAUSED || code === QUIET;
}

/**
 * Why the settings hold a text back; null when they do not. Quiet hours hold back prompts alone, which nobody has
 * asked for: who writes at night gets an answer.
 */
export function heldBySettings(
  { pause, quiet_hours: quiet }: Pick<Settings, 'pause' | 'quiet_hours'>,
  { purpose, locationUid }: { purpose: string; locationUid: string },
  now: Date,
): HoldCode | null {
  if (isAutomatic(purpose) && (pause.all || pause.locations.includes(locationUid))) return PAUSED;
  return purpose === 'prompt' && isQuietAt(quiet, locationUid, now) ? QUIET : null;
}

/** Whether a store has its quiet hours now. */
export function isQuietAt(quiet: Settings['quiet_hours'], locationUid: string, now: Date): boolean {
  const here = quiet.locations[locationUid];
  const hours = here === undefined ? quiet.all : here;
  return hours !== null && isQuiet(hours, now);
}

/** Whether the clock on the store's wall is between both times; `to` may be on the next day. */
export function isQuiet({ from, to, time_zone }: QuietHours, now: Date): boolean {
  const time = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: time_zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  }).format(now);
  return from <= to ? from <= time && time < to : from <= time || time < to;
}
