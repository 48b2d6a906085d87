/**
 * A reading that many ask for at once: who asks while one is under way gets its answer. The gauges of one
 * scrape ask all together, and the database is asked once.
 * @param keepMs for how long an answer serves those who come later, however many they are; a failure serves nobody
 */
export function shared<T>(read: () => Promise<T>, keepMs = 0): () => Promise<T> {
  let answer: Promise<T> | null = null;
  const forget = () => (answer = null);
  return () => {
    if (answer) return answer;
    const asked = read();
    answer = asked;
    asked.then(keepMs > 0 ? () => void setTimeout(forget, keepMs).unref() : forget, forget);
    return asked;
  };
}
