/** Prometheus waits ten seconds for all readings together. */
const LONGEST_READING_MS = 4_000;

/**
 * A reading that many ask for at once: who asks while one is under way gets its answer. The gauges of one
 * scrape ask all together, and the database is asked once. One that takes too long fails: a database that hangs must
 * not take the other figures with it.
 * @param keepMs for how long an answer serves those who come later, however many they are; a failure serves nobody
 */
export function shared<T>(read: () => Promise<T>, keepMs = 0): () => Promise<T> {
  let answer: Promise<T> | null = null;
  const forget = () => (answer = null);
  return () => {
    if (answer) return answer;
    const asked = inTime(read());
    answer = asked;
    asked.then(keepMs > 0 ? () => void setTimeout(forget, keepMs).unref() : forget, forget);
    return asked;
  };
}

function inTime<T>(reading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), LONGEST_READING_MS);
  });
  return Promise.race([reading, late]).finally(() => clearTimeout(timer));
}
