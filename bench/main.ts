/**
 * `npm run bench`: every measurement, or those named by their letters, as `npm run bench -- a c`. The tables
 * go to stdout, what is going on to stderr, and everything as JSON into `bench/results/`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../embedded/paths';
import { acknowledge } from './acknowledge';
import { fairness } from './fairness';
import { idleSessions } from './idle-sessions';
import { messageCost } from './message-cost';
import { relayRate } from './relay-rate';
import { replyLatency } from './reply-latency';
import { render, type Findings, type Part, type Size } from './report';

const PARTS = [acknowledge, replyLatency, relayRate, idleSessions, messageCost, fairness];
const RESULTS = join(ROOT, 'bench/results');
/** Processes that want a core while nothing is measured. */
const IDLE_LOAD = 0.5;

async function main(args: string[]): Promise<void> {
  const asked = read(args);
  if (!asked) {
    process.exitCode = 2;
    return;
  }
  const at = new Date();
  const machine = describeMachine();
  console.log(`# Measurements of ${at.toISOString()}\n\n${machine}`);
  const results: Record<string, Findings & { title: string }> = {};
  for (const part of asked.parts) {
    console.error(`  Measuring (${part.letter}) ${part.title}…`);
    const findings = await part.measure(asked.size);
    console.log(render(part, findings));
    results[part.letter] = { title: part.title, ...findings };
    save(at, { at, machine, size: asked.size, results });
  }
}

function read(args: string[]): { parts: Part[]; size: Size } | null {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { quick: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const unknown = positionals.filter((name) => !PARTS.some(({ letter }) => letter === name));
    if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}.`);
    const parts = PARTS.filter(({ letter }) => positionals.length === 0 || positionals.includes(letter));
    return { parts, size: values.quick ? 'quick' : 'full' };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage()}`);
    return null;
  }
}

function usage(): string {
  return [
    'npm run bench -- [--quick] [part…]',
    ...PARTS.map(({ letter, title }) => `  ${letter}        ${title}`),
    '  --quick  shows in some minutes that all of it runs; the figures mean nothing',
  ].join('\n');
}

function describeMachine(): string {
  const [load = 0] = loadavg();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${gigabytes} GB, ${process.platform}, Node.js ${process.versions.node}`;
  if (load <= IDLE_LOAD) return machine;
  return `${machine}\n\n**Other work is going on** (load ${load.toFixed(1)}): figures and ratios will suffer.`;
}

function save(at: Date, results: object): void {
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${at.toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}

void main(process.argv.slice(2));
