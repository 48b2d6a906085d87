/** `podium-webchat locations …`: Podium's stores. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { listLocations, refreshLocations } from '../operations/locations';
import { EXIT, type CliContext } from './context';
import { at, table } from './table';

export function registerLocationCommands(program: Command, context: CliContext): void {
  const locations = program.command('locations').description("Podium's stores");
  locations
    .command('list')
    .description('the stores as they were last read; one without a country takes no phones in local form')
    .addHelpText('after', '\nExit codes: 0 fine, 1 none was ever read.')
    .action(async () => answer(context, await context.perform(listLocations, {})));
  locations
    .command('refresh')
    .description('read them anew from Podium; what waited for one that turns up is let go by the servers')
    .action(async () => answer(context, await context.perform(refreshLocations, {})));
}

function answer(context: CliContext, list: z.output<typeof listLocations.output>): void {
  const rows = list.locations.map(({ uid, name, country, archived }) => [
    ...[uid, name, country, archived ? 'archived' : 'served'],
  ]);
  const text = rows.length > 0 ? table(['uid', 'name', 'country', 'state'], rows) : 'None.';
  context.answer(list, text, rows.length > 0 ? EXIT.fine : EXIT.notFine);
  if (!context.json)
    context.tell(
      list.read_at
        ? `Read at ${at(list.read_at)} UTC.`
        : 'Never read yet: "locations refresh" reads them, and so does a server.',
    );
}
