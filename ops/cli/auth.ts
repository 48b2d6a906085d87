/** `podium-webchat auth …`: the product's access to Podium. */
import type { Command } from 'commander';
import { PodiumError } from '../../podium/api';
import { EXIT, type CliContext } from './context';

export function registerAuthCommands(program: Command, context: CliContext): void {
  const auth = program.command('auth').description('access to Podium');
  auth
    .command('status')
    .description('whether Podium accepts our credentials')
    .action(() => status(context));
}

async function status(context: CliContext): Promise<void> {
  const contract = context.environment('podiumContract').podiumContract ?? context.settings.podium.contract;
  try {
    await context.podium.listLocations();
    context.answer({ works: true, contract }, `Access to Podium works (contract: ${contract}).`);
  } catch (error) {
    if (!(error instanceof PodiumError) || error.kind !== 'unauthenticated') throw error;
    context.answer({ works: false, contract }, error.message, EXIT.notFine);
  }
}
