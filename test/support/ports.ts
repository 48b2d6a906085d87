/** Free ports for the servers of tests. */
import { randomInt } from 'node:crypto';
import getPort, { portNumbers } from 'get-port';

/** Below those that systems take for outgoing connections, which may take a free port a moment later (32768 and up). */
const FIRST = 10_000;
const PER_WORKER = 1_000;
const WORKERS = 22;

/** The environment variable by which a run's workers know where its ports begin: another run on this machine begins elsewhere. */
const PORTS_OF_RUN = 'PODIUM_WEBCHAT_TEST_PORTS';

/** For the run's global setup, before any port is taken. */
export function drawPortsOfRun(): void {
  process.env[PORTS_OF_RUN] = String(randomInt(WORKERS));
}

/** A port that is free, and that no other worker of this test run looks at. */
export function freePort(): Promise<number> {
  const { [PORTS_OF_RUN]: run, JEST_WORKER_ID: worker } = process.env;
  const first = FIRST + ((Number(run ?? 0) + Number(worker ?? 0)) % WORKERS) * PER_WORKER;
  const last = first + PER_WORKER - 1;
  return getPort({ port: portNumbers(randomInt(first, last), last) });
}
