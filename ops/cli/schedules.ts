/** `podium-webchat schedules …`: what runs by itself from time to time. */
import { Argument, type Command } from 'commander';
import { SCHEDULES } from '../../core/schedules';
import type { ScheduleName } from '../scheduled-runs';
import { listSchedules, runSchedule } from '../operations/schedules';
import { EXIT, type CliContext } from './context';
import { wholeNumber } from './options';
import { at, table } from './table';

const PATIENCE_SECONDS = 60;

const RUN_HELP = `
reconciliation     looks through Podium for messages that no webhook has brought
optOutAudit        compares the opt-outs here with those of Podium, and mends what opens nothing
optOutMirrorRetry  tells Podium again what it did not permit
webhookCheck       looks whether the webhook is as it should be
retention          deletes what is older than the settings want it

Exit codes: 0 it has ended, 2 it still runs, or could not be run.`;

export function registerScheduleCommands(program: Command, context: CliContext): void {
  const schedules = program.command('schedules').description('what runs by itself from time to time');
  schedules
    .command('list')
    .description('when each last began, and begins next')
    .action(() => list(context));
  schedules
    .command('run')
    .addArgument(new Argument('<name>', 'of the schedule').choices(SCHEDULES))
    .description('have one run now, and wait for its end')
    .option('--wait <seconds>', 'for its end, 300 at most', wholeNumber, PATIENCE_SECONDS)
    .addHelpText('after', RUN_HELP)
    .action((name: ScheduleName, { wait }: { wait: number }) => run(context, name, wait));
}

async function list(context: CliContext): Promise<void> {
  const found = await context.perform(listSchedules, {});
  const rows = found.schedules.map(({ name, paused, running, last_began_at, next_at }) => [
    ...[name, paused ? 'paused' : running ? 'running' : 'waits', at(last_began_at), at(next_at)],
  ]);
  context.answer(found, table(['name', 'state', 'last began', 'next'], rows));
}

async function run(context: CliContext, name: ScheduleName, wait: number): Promise<void> {
  const done = await context.perform(runSchedule, { name, wait_seconds: wait });
  context.answer(
    done,
    done.ended ? `${name} has run.` : `${name} still runs: the same command again waits on.`,
    done.ended ? EXIT.fine : EXIT.unknown,
  );
}
