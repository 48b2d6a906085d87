/** `podium-webchat workers …`: which version of the workers new chats begin on. */
import { InvalidArgumentError, type Command } from 'commander';
import { ConfigurationError } from '../../config/load';
import { listWorkerVersions, promoteWorkers, type WorkerVersions } from '../worker-versions';
import type { CliContext } from './context';

const PATIENCE_SECONDS = 60;

export function registerWorkerCommands(program: Command, context: CliContext): void {
  const workers = program.command('workers').description('the versions of the workers');
  workers
    .command('list')
    .description('which version new chats begin on, and which are still needed')
    .action(async () => {
      const found = await listWorkerVersions(context.temporal);
      context.answer(found, inWords(found));
    });
  workers
    .command('promote [build]')
    .description('has new chats begin on a version; without a build, on the one of WEBCHAT_BUILD_ID')
    .option('--wait <seconds>', 'for its workers to run', readSeconds, PATIENCE_SECONDS)
    .action(async (given: string | undefined, { wait }: { wait: number }) => {
      const build = given ?? ownBuild(context);
      await promoteWorkers(context.temporal, build, wait * 1000);
      context.answer({ current: build }, `New chats begin on ${build}.`);
    });
}

function ownBuild(context: CliContext): string {
  const { buildId } = context.environment('buildId');
  if (buildId === null)
    throw new ConfigurationError(['WEBCHAT_BUILD_ID is not set, and no build was named.']);
  return buildId;
}

function inWords({ current, versions }: WorkerVersions): string {
  const lines = versions.map(
    ({ buildId, status, openWorkflows }) => `${buildId}  ${status}, ${openWorkflows} open`,
  );
  const head =
    current === null ? 'New chats begin on workers without a version.' : `New chats begin on ${current}.`;
  return [head, ...lines].join('\n');
}

function readSeconds(value: string): number {
  if (!/^\d{1,4}$/.test(value)) throw new InvalidArgumentError('It should be a whole number of seconds.');
  return Number(value);
}
