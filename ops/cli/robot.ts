/** `podium-webchat robot …`: whether the robot may speak. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { pauseRobot, resumeRobot, showRobot } from '../operations/robot';
import type { CliContext } from './context';
import { storeOption } from './options';
import { at } from './table';

type Status = z.output<typeof showRobot.output> & { changed?: boolean };

interface Where {
  location?: string;
}

const PAUSE_HELP = `
From the next send on, nothing leaves that the robot says by itself: no greeting, question, prompt or answer to HELP.
Messages still come in and stand in Podium's inbox, opt-outs count, agents get their notes, and what persons send
leaves. A chat that the robot could not answer stays with the store, also after the robot is resumed.`;

export function registerRobotCommands(program: Command, context: CliContext): void {
  const robot = program.command('robot').description('whether the robot may speak by itself');
  robot
    .command('pause')
    .description('the robot says nothing by itself any more, at one store or at all')
    .addOption(storeOption('at one store'))
    .addHelpText('after', PAUSE_HELP)
    .action(async ({ location }: Where) => {
      const { changed, ...status } = await context.perform(pauseRobot, { location_uid: location });
      answer(context, { changed, ...status }, changed ? null : 'It was paused there already.');
    });
  robot
    .command('resume')
    .description('the robot may speak again, in chats that begin now')
    .addOption(storeOption('at one store; without it, the pause for all ends, and those of stores stay'))
    .action(async ({ location }: Where) => {
      const { changed, ...status } = await context.perform(resumeRobot, { location_uid: location });
      answer(context, { changed, ...status }, changed ? null : 'Nobody had paused it there by command.');
    });
  robot
    .command('status')
    .description('where it is paused, since when and by whom')
    .action(async () => answer(context, await context.perform(showRobot, {}), null));
}

function answer(context: CliContext, status: Status, remark: string | null): void {
  const lines = status.pauses.map(pauseInWords);
  context.answer(status, lines.join('\n') || 'The robot speaks at every store.');
  if (remark && !context.json) context.tell(remark);
}

function pauseInWords({
  location_uid,
  by,
  since,
  actor,
}: z.output<typeof showRobot.output>['pauses'][number]) {
  const where = location_uid === null ? 'Paused at every store' : `Paused at ${location_uid}`;
  return by === 'settings' ? `${where} by the settings.` : `${where} since ${at(since)}, by ${actor}.`;
}
