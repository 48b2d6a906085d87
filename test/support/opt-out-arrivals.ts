/** What of our sends has arrived at Podium, and how a run with opt-outs is summed up. */
import type { Call } from '../../simulator/call-log';
import type { Arrival, History } from './opt-out-history';
import { customerOf } from './opt-out-operations';

/** Texts and files among the calls of the published contract, whatever was answered. Times are Podium's. */
export function arrivalsAmong(calls: Call[]): Arrival[] {
  return calls
    .filter(({ method, path }) => method === 'POST' && /^\/v4\/messages(\/attachment)?$/.test(path))
    .map(({ at, body }) => {
      const sent = body as Addressed & { data?: Addressed };
      return { customer: customerOf((sent.data ?? sent).channel.identifier), at };
    });
}

interface Addressed {
  channel: { identifier: string };
}

/** Prints counts, and nobody's phone. */
export function tell(what: string, history: History, more: Record<string, number>): void {
  const facts = {
    attempts: history.attempts.length,
    arrivals: history.arrivals.length,
    optOuts: history.wishes.filter(({ optedOut }) => optedOut).length,
    optIns: history.wishes.filter(({ optedOut }) => !optedOut).length,
    ...more,
  };
  const told = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`  ${what}: ${told.join(', ')}\n`);
}
