/** `podium-webchat contacts …`: who a phone belongs to, as Podium and we know it; what is held of them, and its end. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { z } from 'zod';
import { OperationRefused } from '../operation';
import { eraseContact, exportContact, showContact } from '../operations/contacts';
import type { CliContext } from './context';
import { phoneOption, type PhoneOptions } from './options';
import { optOutInWords } from './optout-words';

type Contact = z.output<typeof showContact.output>;
type Erasure = z.output<typeof eraseContact.output>;

export function registerContactCommands(program: Command, context: CliContext): void {
  const contacts = program.command('contacts').description('customers as Podium and we know them');
  contacts
    .command('show')
    .description('a contact: its names, what became of it, its sessions and its opt-out')
    .addOption(phoneOption())
    .action((options: PhoneOptions) => show(context, options));
  contacts
    .command('export')
    .description('everything that is held of a customer, as JSON; it holds phone and words whole')
    .addOption(phoneOption())
    .option('--out <path>', 'a file that does not exist yet; without it, stdout')
    .action((options: PhoneOptions & { out?: string }) => exportAll(context, options));
  contacts
    .command('erase')
    .description('delete everything that is held of a customer; who is opted out stays so')
    .addOption(phoneOption())
    .option('--yes', 'do it; without it, what would go is told')
    .action((options: PhoneOptions & { yes?: boolean }) => erase(context, options));
}

async function exportAll(
  context: CliContext,
  { phone, out }: PhoneOptions & { out?: string },
): Promise<void> {
  const held = await context.perform(exportContact, { phone });
  const document = JSON.stringify(held, null, 2);
  if (out === undefined) return context.answer(held, document);
  await writeFile(out, `${document}\n`, { flag: 'wx', mode: 0o600 });
  context.answer({ out }, `Written to ${out}.`);
}

async function erase(
  context: CliContext,
  { phone, yes = false }: PhoneOptions & { yes?: boolean },
): Promise<void> {
  try {
    const { preview, receipt } = await context.perform(eraseContact, { phone, yes });
    if (receipt) return context.answer(receipt, receiptInWords(receipt));
    if (preview!.nothing) return context.answer(preview, 'Nothing is held of this phone.');
    context.answer(preview, previewInWords(preview!));
    context.tell('Nothing was deleted. Add --yes to do it: it cannot be undone.');
  } catch (error) {
    if (yes && !(error instanceof OperationRefused))
      context.tell(
        'The erasure may not be finished: what was told last and what is behind it may be left. Run it again.',
      );
    throw error;
  }
}

function previewInWords({ held, suppressed, unfinished_since }: NonNullable<Erasure['preview']>): string {
  return [
    'What would be deleted, with the histories in Temporal and the contents of files:',
    ...countsInWords(held),
    `What would stay: ${suppressed ? 'that nothing may be sent to this phone, ' : ''}ids of messages, so that none comes back, and the audit, which holds no phone.`,
    ...(unfinished_since
      ? [`An erasure of ${unfinished_since} is not finished; --yes goes on with it.`]
      : []),
  ].join('\n');
}

function receiptInWords({
  id,
  at,
  actor,
  suppressed,
  counts,
  at_podium,
}: NonNullable<Erasure['receipt']>): string {
  return [
    `Erased: ${id}, of what was written up to ${at}, by ${actor}.`,
    ...countsInWords(counts),
    suppressed ? 'Nothing is sent to this phone from now on.' : 'The phone was not opted out.',
    at_podium,
  ].join('\n');
}

function countsInWords(counts: Record<string, number>): string[] {
  return Object.entries(counts).map(([what, count]) => `  ${what}: ${count}`);
}

async function show(context: CliContext, options: PhoneOptions): Promise<void> {
  const { phone, ...contact } = await context.perform(showContact, options);
  context.answer({ phone: context.shown(phone), ...contact }, inWords(context.shown(phone), contact));
}

function inWords(
  phone: string,
  { name, podium_uid, stores, history, sessions, opt_out }: Omit<Contact, 'phone'>,
): string {
  return [
    `${phone}  ${name ?? '(no name)'}`,
    `Podium's contact: ${podium_uid ?? 'not known'}`,
    `Opt-out: ${optOutInWords(opt_out)}`,
    'Stores:',
    ...stores.map(
      (store) =>
        `  ${store.location_uid}  ${store.name ?? ''}${store.gone_at ? `  gone since ${store.gone_at}` : ''}`,
    ),
    'History:',
    ...history.map((entry) => `  ${entry.at}  ${changeInWords(entry)}`),
    'Sessions:',
    ...sessions.map((session) => `  ${session.location_uid}  ${session.status}  ${session.workflow_id}`),
  ].join('\n');
}

function changeInWords({
  change,
  podium_uid,
  into_uid,
  name,
  location_uid,
}: Contact['history'][number]): string {
  switch (change) {
    case 'linked':
      return `is ${podium_uid}`;
    case 'renamed':
      return `is called ${name}${location_uid ? ` at ${location_uid}` : ''}`;
    case 'merged':
      return `${podium_uid} went into ${into_uid}`;
    case 'deleted':
      return `${podium_uid} was deleted`;
    case 'phone_removed':
      return `${podium_uid} has this phone no more`;
  }
}
