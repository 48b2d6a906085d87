/** `podium-webchat contacts …`: who a phone belongs to, as Podium and we know it. */
import type { Command } from 'commander';
import { showContact, type ContactReport } from '../contacts';
import { EXIT, type CliContext } from './context';
import { optOutInWords } from './optout-words';
import { e164, phoneOption, shown, showPhonesOption, type PhoneOptions } from './phone';

export function registerContactCommands(program: Command, context: CliContext): void {
  program
    .command('contacts')
    .description('customers as Podium and we know them')
    .command('show')
    .description('a contact: its names, what became of it, its sessions and its opt-out')
    .addOption(phoneOption())
    .addOption(showPhonesOption())
    .action((options: PhoneOptions) => show(context, options));
}

async function show(context: CliContext, options: PhoneOptions): Promise<void> {
  const phone = e164(options.phone);
  const report = await showContact(context.pool, phone);
  const name = shown(phone, options);
  if (report) context.answer({ phone: name, ...report }, inWords(name, report));
  else context.answer({ phone: name, known: false }, `${name} is not known.`, EXIT.notFine);
}

function inWords(
  phone: string,
  { name, podium_uid, stores, history, sessions, opt_out }: ContactReport,
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
}: ContactReport['history'][number]): string {
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
