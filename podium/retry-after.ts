const SHORTEST_MS = 1_000;
const LONGEST_MS = 3_600_000;

/** A number of seconds that is more is no wait but a time since 1970. */
const MOST_SECONDS = 1_000_000_000;

/**
 * How long an answer wants us to wait, in ms, between a second and an hour; undefined when it does not say.
 * Read from `Retry-After` in both forms of RFC 9110 (seconds, or a date), then, of a 429 alone, from
 * `ratelimit-reset` (seconds), which Podium has been seen to send; others send a time in seconds since 1970
 * under this name. It stands on other answers too, and there it says when the count begins anew, and no wait.
 *
 * @param now ms since 1970
 */
export function retryAfterMs(
  { status, headers }: { status: number; headers: Headers },
  now: number,
): number | undefined {
  const wait =
    seconds(headers.get('retry-after')) ??
    untilDate(headers.get('retry-after'), now) ??
    (status === 429 ? untilReset(headers.get('ratelimit-reset'), now) : undefined);
  return wait === undefined ? undefined : Math.min(Math.max(wait, SHORTEST_MS), LONGEST_MS);
}

function seconds(value: string | null): number | undefined {
  return value !== null && /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : undefined;
}

function untilReset(value: string | null, now: number): number | undefined {
  const reset = seconds(value);
  return reset !== undefined && reset > MOST_SECONDS * 1000 ? reset - now : reset;
}

function untilDate(value: string | null, now: number): number | undefined {
  // All HTTP dates begin with a weekday. Without this check, `Date.parse('-5')` is in the year 2001.
  if (value === null || !/^[a-z]{3,9},? /i.test(value)) return undefined;
  const at = Date.parse(/GMT$/.test(value) ? value : `${value} GMT`);
  return Number.isNaN(at) ? undefined : at - now;
}
