/** How Podium's limit on calls is shared out between those that the engine counts and all others. */

/** The queue's part; the rest is for calls outside of it: locations, the operator's, second calls of an activity. */
const QUEUE_SHARE = 0.9;

/**
 * The engine lets the calls of a second go at once, so a minute holds those of 61 seconds.
 * @param requestsPerMinute Podium's limit, `podium.requests_per_minute` of the settings
 */
export function queueCallsPerSecond(requestsPerMinute: number): number {
  return (requestsPerMinute * QUEUE_SHARE) / 61;
}

/**
 * A window, counted from its first call, and how many calls it may hold, so that no 60 s hold more than what the
 * queue leaves of the limit, however unluckily they lie. Some five windows a minute are short enough to be
 * waited for.
 */
export function outsideCallsWindow(requestsPerMinute: number): { calls: number; seconds: number } {
  const perMinute = requestsPerMinute - requestsPerMinute * QUEUE_SHARE;
  const calls = Math.max(1, Math.floor(perMinute / 6));
  // 60 s may hold all but one of the calls of a window that ends, and those of every window that begins.
  return { calls, seconds: Math.ceil((60 * calls) / (perMinute - calls + 1)) };
}
