/** Makes sure that the programs named on the command line are there: `temporal`, `time-skipping-server`, `chromium`. */
import { provisionChromium } from './chromium';
import { provisionTemporal } from './temporal-cli';
import { provisionTimeSkippingServer } from './time-skipping-server';
import { NotProvisioned } from './ways';

const PROGRAMS: Record<string, () => Promise<string>> = {
  temporal: provisionTemporal,
  'time-skipping-server': provisionTimeSkippingServer,
  chromium: provisionChromium,
};

async function main(): Promise<void> {
  for (const name of process.argv.slice(2)) {
    const provision = PROGRAMS[name];
    if (!provision) throw new Error(`There is no program called ${name} here.`);
    await provision();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof NotProvisioned ? `\n${error.message}\n` : error);
  process.exitCode = 1;
});
