/** Showing that something long is going on: one living line on a terminal, a line now and then elsewhere. */

const PLAIN_INTERVAL_MS = 20_000;
const LIVE_INTERVAL_MS = 1_000;

/**
 * Shows `title` with the elapsed time, and whatever `detail` says, while `work` runs.
 * Everything goes to stderr: stdout is for results.
 */
export async function withProgress<T>(
  title: string,
  work: (detail: (text: string) => void) => Promise<T>,
): Promise<T> {
  const live = process.stderr.isTTY;
  const started = Date.now();
  let detail = '';
  const line = (): string => `  ${title}… ${elapsed(started)}${detail && ` (${detail})`}`;
  const show = (): void => void process.stderr.write(live ? `\r\x1b[K${line()}` : `${line()}\n`);
  show();
  const timer = setInterval(show, live ? LIVE_INTERVAL_MS : PLAIN_INTERVAL_MS);
  try {
    const result = await work((text) => (detail = text));
    process.stderr.write(`${live ? '\r\x1b[K' : ''}  ${title}: done in ${elapsed(started)}\n`);
    return result;
  } catch (error) {
    if (live) process.stderr.write('\r\x1b[K');
    throw error;
  } finally {
    clearInterval(timer);
  }
}

function elapsed(since: number): string {
  const seconds = Math.round((Date.now() - since) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
