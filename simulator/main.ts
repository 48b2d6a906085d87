import { readEnvironment } from './environment';
import { log } from './log';
import { startSimulator, type SimulatorOptions } from './simulator';

process.title = 'podium-webchat-simulator';

async function main(): Promise<void> {
  const simulator = await startSimulator(optionsOrExit());
  log.info({ event: 'ready', url: simulator.url }, 'Podium simulator is ready');

  let ending = false;
  const end = (reason: string) => {
    if (ending) return;
    ending = true;
    log.info({ event: 'ending', reason }, 'Podium simulator ends');
    simulator.stop().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  if (process.env.EXIT_WITH_PARENT === '1') {
    // The pipe from the parent closes however the parent ends, a kill -9 included.
    process.stdin.resume().on('close', () => end('the parent is gone'));
  }
}

function optionsOrExit(): SimulatorOptions {
  try {
    return readEnvironment(process.env);
  } catch (error) {
    process.stderr.write(`The simulator cannot start:\n${(error as Error).message}\n`);
    process.exit(2);
  }
}

function fail(error: unknown): void {
  log.fatal({ err: error }, 'Podium simulator failed');
  process.exit(1);
}

main().catch(fail);
