/** `podium-webchat files …`: what customers have sent, and links to it. */
import type { Command } from 'commander';
import { listFiles, type FileReport } from '../files';
import type { CliContext } from './context';
import { e164, phoneOption, type PhoneOptions } from './phone';

type Options = Pick<PhoneOptions, 'phone'> & { location: string };

export function registerFileCommands(program: Command, context: CliContext): void {
  program
    .command('files')
    .description('files of customers')
    .command('list')
    .description('the files of a customer at a store, with fresh links to those that are kept')
    .addOption(phoneOption())
    .requiredOption('--location <uid>', 'the store')
    .action((options: Options) => list(context, options));
}

async function list(context: CliContext, { phone, location }: Options): Promise<void> {
  const { encryptionKeys, publicUrl } = context.environment('encryptionKeys', 'publicUrl');
  const links = { publicUrl, encryptionKeys, seconds: context.settings.attachments.link_seconds };
  const files = await listFiles({ pool: context.pool, links }, e164(phone), location);
  context.answer({ files }, files.length > 0 ? files.map(inWords).join('\n') : 'None.');
  if (publicUrl === null) context.tell('There are no links, since PUBLIC_URL is not set.');
}

function inWords(file: FileReport): string {
  const what = file.sha256
    ? `${file.name}, ${file.content_type}, ${file.size_bytes} bytes, SHA-256 ${file.sha256}`
    : (file.error_code ?? '');
  const link = file.link ? `\n  ${file.link}` : '';
  return `${file.received_at}  ${file.status}  ${what}${link}`.trimEnd();
}
