/** A browser's localStorage for tests that run in none. */
export function browserStorage(): Storage {
  const methods = {
    getItem: (name: string) => items[name] ?? null,
    setItem: (name: string, value: string) => void (items[name] = value),
    removeItem: (name: string) => void delete items[name],
  };
  const items = Object.create(methods) as Record<string, string> & typeof methods;
  return items as unknown as Storage;
}
