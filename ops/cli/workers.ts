/** `podium-webchat workers …`: which version of the workers new chats begin on. */
import { InvalidArgumentError, type Command } from 'commander';
import type { z } from 'zod';
import { ConfigurationError } from '../../config/load';
import { listWorkers, promoteWorkers } from '../operations/workers';
import type { CliContext } from './context';

const PATIENCE_SECONDS = 60;

const PROMOTE_HELP = `
Open chats end on the version that they began on: leave its workers running until "workers list" says that nothing is
open on it any more. To go back, promote the version before.`;

export function registerWorkerCommands(program: Command, context: CliContext): void {
  const workers = program.command('workers').description('the versions of the workers');
  workers
    .command('list')
    .description('on which version new chats begin, and which are still needed')
    .action(async () => {
      const found = await context.perform(listWorkers, {});
      context.answer(found, inWords(found));
    });
  workers
    .command('promote [build]')
    .description('new chats begin on a version; without a build, on that of WEBCHAT_BUILD_ID')
    .option('--wait <seconds>', 'for its workers to run, 60 at most', readSeconds, PATIENCE_SECONDS)
    .addHelpText('after', PROMOTE_HELP)
    .action(async (given: string | undefined, { wait }: { wait: number }) => {
      const input = { build: given ?? ownBuild(context), wait_seconds: wait };
      const done = await context.perform(promoteWorkers, input);
      context.answer(done, `New chats begin on ${done.current}.`);
    });
}

function ownBuild(context: CliContext): string {
  const { buildId } = context.environment('buildId');
  if (buildId === null)
    throw new ConfigurationError(['WEBCHAT_BUILD_ID is not set, and no build was named.']);
  return buildId;
}

function inWords({ current, versions }: z.output<typeof listWorkers.output>): string {
  const lines = versions.map(
    ({ build, status, open_workflows: open }) => `${build}  ${status}, ${open} open`,
  );
  const head =
    current === null ? 'New chats begin on workers without a version.' : `New chats begin on ${current}.`;
  return [head, ...lines].join('\n');
}

function readSeconds(value: string): number {
  if (!/^\d{1,4}$/.test(value)) throw new InvalidArgumentError('It should be a whole number of seconds.');
  return Number(value);
}
