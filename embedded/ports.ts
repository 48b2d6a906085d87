/** Which port each part listens on. */
import { readFileSync, writeFileSync } from 'node:fs';
import getPort from 'get-port';

export interface Ports {
  server: number;
  simulator: number;
  temporal: number;
  temporalUi: number;
  workerMetrics: number;
  postgres: number;
}

const USUAL: Ports = {
  server: 3000,
  simulator: 4010,
  temporal: 7233,
  temporalUi: 8233,
  workerMetrics: 9464,
  postgres: 5433,
};

/**
 * The ports of the last run, or the usual ones, each replaced by a free one where it is taken.
 * @param file where they are kept, so that bookmarks and webhooks outlive a restart
 * @param serverPort the server's, when somebody asked for one; 0 for any
 */
export async function keptPorts(file: string, serverPort: number | null): Promise<Ports> {
  const wanted = { ...USUAL, ...read(file), ...(serverPort === null ? {} : { server: serverPort }) };
  const ports = await choose(wanted);
  writeFileSync(file, JSON.stringify(ports, null, 2));
  return ports;
}

/** One after the other: `get-port` gives no port twice within a few seconds. */
async function choose(wanted: Ports): Promise<Ports> {
  const chosen = { ...wanted };
  for (const part of Object.keys(wanted) as (keyof Ports)[]) {
    const port = wanted[part];
    chosen[part] = await getPort({ port });
  }
  return chosen;
}

function read(file: string): Partial<Ports> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Ports>;
  } catch {
    return {}; // the first run, or a broken file: the usual ones do
  }
}
