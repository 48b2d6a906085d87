/** Does something with each item, `count` at a time. */
export async function severalAtOnce<T>(
  count: number,
  items: T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.toReversed();
  const takeOneByOne = async () => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: count }, takeOneByOne));
}
