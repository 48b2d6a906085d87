/** After the last test file: the run's Postgres ends, and its directory goes. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.endTestPostgres?.();
}
