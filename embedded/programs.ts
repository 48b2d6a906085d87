/** The programs of the system that are not ours, on their leashes. */
import { join } from 'node:path';
import type { Program } from './child';
import { ROOT } from './paths';
import { postgresAnswers, postgresCall, type Call, type PostgresPlan } from './postgres';
import { temporalAnswers, temporalCall, type TemporalPlan } from './temporal';

/** What `leash.cjs` is told. */
interface Leashed extends Call {
  /** Stands in its command line, too: a leftover is known by it. */
  name: string;
  /** The signal that ends the program in good order. */
  stopSignal: NodeJS.Signals;
  logFile: string;
  /** Holds its process id, so that a leash that died too is made good by the next one. */
  pidFile: string;
}

interface Places {
  logDirectory: string;
  /** Where process ids are noted. */
  dataDirectory: string;
}

export function postgresProgram(plan: PostgresPlan, places: Places): Program {
  return leashed(
    'postgres',
    places,
    {
      ...postgresCall(plan),
      stopSignal: 'SIGINT', // ends open connections and writes everything down; SIGTERM would wait for them
    },
    (signal) => postgresAnswers(plan, signal),
  );
}

export function temporalProgram(plan: TemporalPlan, places: Places): Program {
  return leashed('temporal', places, { ...temporalCall(plan), stopSignal: 'SIGTERM' }, (signal) =>
    temporalAnswers(`127.0.0.1:${plan.port}`, signal),
  );
}

/** A program that is not ours, which ends with this process however that happens. */
export function leashed(
  name: string,
  { logDirectory, dataDirectory }: Places,
  call: Omit<Leashed, 'name' | 'logFile' | 'pidFile'>,
  becomesReady: (signal: AbortSignal) => Promise<void>,
): Program {
  const logFile = join(logDirectory, `${name}.log`);
  const rope: Leashed = { ...call, name, logFile, pidFile: join(dataDirectory, `${name}.pid`) };
  return {
    name,
    args: [join(ROOT, 'embedded/leash.cjs'), JSON.stringify(rope)],
    env: {},
    logFile,
    becomesReady,
  };
}
