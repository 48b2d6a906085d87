/** What may stand behind `npm start --`. */
import { parseArgs } from 'node:util';
import type { Contract } from '../core/events';

export interface Flags {
  /** A minute lasts a second. */
  fast: boolean;
  /** Forget everything first. */
  fresh: boolean;
  /** Open the demo page in the browser. */
  open: boolean;
  simulator: boolean;
  /** Null where the environment or the settings say. */
  contract: Contract | null;
}

export const USAGE = `npm start -- [flags]
  --fast                        a minute lasts a second
  --fresh                       forget everything first
  --open                        open the demo page in the browser
  --no-simulator                use the Podium of the environment (PODIUM_…) instead of the simulator
  --contract published|skill    which of Podium's contracts is spoken`;

/** @throws with a message for a person */
export function parseFlags(args: string[]): Flags {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args,
    options: { fast: flag, fresh: flag, open: flag, 'no-simulator': flag, contract: { type: 'string' } },
  });
  return {
    fast: values.fast,
    fresh: values.fresh,
    open: values.open,
    simulator: !values['no-simulator'],
    contract: readContract(values.contract),
  };
}

function readContract(value: string | undefined): Contract | null {
  if (value === undefined || value === 'published' || value === 'skill') return value ?? null;
  throw new Error(`--contract is published or skill, and not ${value}.`);
}
