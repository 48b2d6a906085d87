/** Free ports for the servers of tests. */
import { randomInt } from 'node:crypto';
import getPort, { portNumbers } from 'get-port';

/** Below those that systems take for outgoing connections, which may take a free port a moment later (32768 and up). */
const FIRST = 10_000;
const PER_WORKER = 1_000;

/** A port that is free, and that no other worker of this test run looks at. */
export function freePort(): Promise<number> {
  const worker = Number(process.env['JEST_WORKER_ID'] ?? 0) % 20;
  const first = FIRST + worker * PER_WORKER;
  const last = first + PER_WORKER - 1;
  return getPort({ port: portNumbers(randomInt(first, last), last) });
}
