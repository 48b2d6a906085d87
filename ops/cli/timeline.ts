/** `podium-webchat timeline`: what happened in a customer's chats. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { showTimeline } from '../operations/timeline';
import { EXIT, type CliContext } from './context';
import { storeOption, phoneOption, type PhoneOptions } from './options';
import { at } from './table';

const HELP = `
No text of a message is in it; "sessions show" tells the answers. What is marked "due" is still to come.

Exit codes: 0 fine, 1 nothing is known of this phone, 2 a part could not be looked at.`;

export function registerTimelineCommand(program: Command, context: CliContext): void {
  program
    .command('timeline')
    .description(
      "everything of a customer's chats in order: events, signals, alarms, sends, blocks, closes, opt-outs",
    )
    .addOption(phoneOption())
    .addOption(storeOption())
    .addHelpText('after', HELP)
    .action((options: PhoneOptions & { location?: string }) => show(context, options));
}

async function show(context: CliContext, { phone, location }: PhoneOptions & { location?: string }) {
  const found = await context.perform(showTimeline, { phone, location_uid: location });
  const { entries, codes, unknown } = found;
  const isAtSeveral = new Set(entries.flatMap(({ location_uid }) => location_uid ?? [])).size > 1;
  const lines = [
    ...entries.map(
      (entry) =>
        `${at(entry.at)}  ${entry.kind.padEnd(8)}  ${isAtSeveral ? whereOf(entry) : ''}${entry.words}`,
    ),
    ...codes.flatMap(({ code, message, hint }) => ['', `${code}: ${message}`, `→ ${hint}`]),
  ];
  const exitCode = unknown.length > 0 ? EXIT.unknown : entries.length > 0 ? EXIT.fine : EXIT.notFine;
  context.answer(
    { ...found, phone: context.shown(found.phone) },
    lines.join('\n') || 'Nothing is known.',
    exitCode,
  );
  if (context.json) return;
  for (const problem of unknown) context.tell(`Not known: ${problem}`);
  if (entries.length === 0)
    context.tell('An event whose phone could not be read is here: "events list --status quarantined".');
  context.tell(`Of ${context.shown(found.phone)}. Times are UTC.`);
}

type Entry = z.output<typeof showTimeline.output>['entries'][number];

/** The store, where it is about one. */
function whereOf({ location_uid: uid, location }: Entry): string {
  return uid === null ? '' : `[${location ?? uid}]  `;
}
