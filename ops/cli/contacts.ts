/** `podium-webchat contacts …`: who a phone belongs to, as Podium and we know it; what is held of them, and its end. */
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { connectFileStore } from '../../store/files/connect';
import { showContact, type ContactReport } from '../contacts';
import { erasePerson, previewErasure, type ErasurePreview, type ErasureReceipt } from '../erasure';
import { exportPerson } from '../export';
import { EXIT, type CliContext } from './context';
import { optOutInWords } from './optout-words';
import { e164, person, phoneOption, shown, showPhonesOption, type PhoneOptions } from './phone';

type EraseOptions = Pick<PhoneOptions, 'phone'> & { yes?: boolean };
type ExportOptions = Pick<PhoneOptions, 'phone'> & { out?: string };

export function registerContactCommands(program: Command, context: CliContext): void {
  const contacts = program.command('contacts').description('customers as Podium and we know them');
  contacts
    .command('show')
    .description('a contact: its names, what became of it, its sessions and its opt-out')
    .addOption(phoneOption())
    .addOption(showPhonesOption())
    .action((options: PhoneOptions) => show(context, options));
  contacts
    .command('export')
    .description('everything that is held of a customer, as JSON')
    .addOption(phoneOption())
    .option('--out <path>', 'a file that does not exist yet; without it, stdout')
    .action((options: ExportOptions) => exportAll(context, options));
  contacts
    .command('erase')
    .description('delete everything that is held of a customer; who is opted out stays so')
    .addOption(phoneOption())
    .option('--yes', 'do it; without it, what would go is told')
    .action((options: EraseOptions) => erase(context, options));
}

async function exportAll(context: CliContext, { phone, out }: ExportOptions): Promise<void> {
  const { idKeys, encryptionKeys, publicUrl } = context.environment('idKeys', 'encryptionKeys', 'publicUrl');
  const links = { publicUrl, encryptionKeys, seconds: context.settings.attachments.link_seconds };
  const held = await exportPerson({ pool: context.pool, links }, person(phone), idKeys);
  const document = JSON.stringify(held, null, 2);
  if (out === undefined) return context.answer(held, document);
  await writeFile(out, `${document}\n`, { flag: 'wx', mode: 0o600 });
  context.answer({ out }, `Written to ${out}.`);
}

async function erase(context: CliContext, { phone, yes }: EraseOptions): Promise<void> {
  const who = person(phone);
  const { idKeys } = context.environment('idKeys', 'encryptionKeys');
  const preview = await previewErasure(context.pool, who);
  const isNothing = Object.keys(preview.held).length === 0 && preview.unfinished_since === null;
  if (isNothing) return context.answer(preview, 'Nothing is held of this phone.');
  if (!yes) {
    context.answer(preview, previewInWords(preview), EXIT.unknown);
    return context.tell('Nothing was deleted. Add --yes to do it: it cannot be undone.');
  }
  const { pool, temporal: client, settings } = context;
  const files = await connectFileStore(settings.attachments.store);
  const tell = (step: string) => context.tell(step);
  try {
    const receipt = await erasePerson({ pool, client, files, idKeys }, who, userInfo().username, tell);
    context.answer(receipt, receiptInWords(receipt));
  } catch (error) {
    context.tell('The erasure is not finished: the step above and those behind it are left. Run it again.');
    throw error;
  }
}

function previewInWords({ held, suppressed, unfinished_since }: ErasurePreview): string {
  return [
    'What would be deleted, with the histories in Temporal and the contents of files:',
    ...countsInWords(held),
    `What would stay: ${suppressed ? 'that nothing may be sent to this phone, ' : ''}ids of messages, so that none comes back, and the audit, which holds no phone.`,
    ...(unfinished_since
      ? [`An erasure of ${unfinished_since} is not finished; --yes goes on with it.`]
      : []),
  ].join('\n');
}

function receiptInWords({ id, at, actor, suppressed, counts, at_podium }: ErasureReceipt): string {
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
