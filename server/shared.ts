/**
 * A reading that many ask for at once: who asks while one is under way gets its answer. The gauges of one
 * scrape ask all together, and the database is asked once.
 */
export function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null;
  return () => (underWay ??= read().finally(() => (underWay = null)));
}
