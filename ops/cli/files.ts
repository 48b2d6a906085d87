/** `podium-webchat files …`: what customers have sent, with links to it; and files that are sent to them. */
import { randomUUID } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { failure } from '../../core/error-codes';
import type { Failure } from '../../core/events';
import { phoneHash } from '../../core/ids';
import { FileRefused, keepContent } from '../../store/files/checked-content';
import { uploading } from '../../store/files/uploads';
import { fileSendReport, recipientOf, wantFileSent } from '../file-sends';
import { OperationRefused } from '../operation';
import { listFiles, showFileSend } from '../operations/files';
import { idKeysOf } from '../used-keys';
import { EXIT, type CliContext } from './context';
import { storeOption, phoneOption, type PhoneOptions } from './options';
import { post, type RemoteSystem } from './remote';

type FileSend = z.output<typeof showFileSend.output>;

interface SendOptions extends PhoneOptions {
  location: string;
  file: string;
  body: string;
  messageId?: string;
}

const SEND_HELP = `
The answer has the id of the send. What became of it later tells "files sent". With the same --message-id again, as
after a connection that broke, nothing is sent a second time.

Exit codes: 0 sent, 1 not sent, 2 on its way, and nobody knows yet.`;

export function registerFileCommands(program: Command, context: CliContext): void {
  const files = program.command('files').description('files of customers, and for them');
  files
    .command('list')
    .description('the files of a customer, with fresh links to those that are kept')
    .addOption(phoneOption())
    .addOption(storeOption())
    .action((options: PhoneOptions & { location?: string }) => list(context, options));
  files
    .command('send')
    .description('send a file to a customer, unless the customer has opted out')
    .addOption(phoneOption())
    .addOption(storeOption('the store').makeOptionMandatory())
    .requiredOption('--file <path>', 'what is sent')
    .option('--body <text>', 'the words that go with it', '')
    .option('--message-id <uuid>', 'the same again is the same send; a new one if left out', messageId)
    .addHelpText('after', SEND_HELP)
    .action((options: SendOptions) => send(context, options));
  files
    .command('sent <id>')
    .description('what became of a file that was to be sent')
    .action(async (id: string) => tellOutcome(context, await context.perform(showFileSend, { id })));
}

/** @throws InvalidArgumentError */
function messageId(value: string): string {
  if (!z.uuid().safeParse(value).success)
    throw new InvalidArgumentError('It is a UUID, as 5e4d0000-0000-4000-8000-000000000001.');
  return value.toLowerCase();
}

/** How often, and for how long, it is looked what became of it. */
const LOOK_EVERY_MS = 500;
const PATIENCE_MS = 30_000;
const ON_THEIR_WAY = ['queued', 'intent', 'not_sent'];

/** The file does not fit into JSON, so this is no operation: the API takes a form. */
async function send(context: CliContext, options: SendOptions): Promise<void> {
  const id = options.messageId ?? randomUUID();
  context.tell(`Send ${id}.`); // before anything can break off
  if (context.remote) await sendThere(context.remote, id, options);
  else await sendHere(context, id, options);
  tellOutcome(context, await outcomeOf(context, id));
}

async function sendThere(system: RemoteSystem, id: string, { phone, location, body, file }: SendOptions) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ message_id: id, phone, location_uid: location, body }))
    form.append(name, value);
  form.append('file', await openAsBlob(file), basename(file));
  await post(system, '/ops/messages/attachment', { body: form });
}

async function sendHere(context: CliContext, id: string, options: SendOptions): Promise<void> {
  const { pool, settings } = context;
  const { body, file } = options;
  const { phone, locationUid } = await recipientOf(context, options.location, options.phone);
  const [idKey] = await idKeysOf(context);
  const { max_bytes: maxBytes, allowed_types: allowedTypes } = settings.attachments;
  if (await fileSendReport(pool, id)) return; // asked for before
  const files = await context.openFiles();
  const wish = { id, phone, locationUid, body, name: basename(file), actor: context.actor };
  const tools = { pool, auditHash: (e164: string) => phoneHash(e164, idKey) };
  try {
    await uploading(pool, files, async (fileId) => {
      const kept = await keepContent(files, fileId, createReadStream(file), { maxBytes, allowedTypes });
      await wantFileSent(tools, wish, { ...kept, fileId });
    });
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    throw new OperationRefused('refused', failure(error.code));
  }
}

/** Waits for a moment. */
async function outcomeOf(context: CliContext, id: string): Promise<FileSend> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const report = await context.perform(showFileSend, { id });
    if (!ON_THEIR_WAY.includes(report.status) || Date.now() >= until) return report;
    await delay(LOOK_EVERY_MS);
  }
}

function tellOutcome(context: CliContext, report: FileSend): void {
  const { id, status, error } = report;
  const words = [`${id}  ${status}`, error && failureInWords(error)].filter(Boolean).join(': ');
  const exitCode = ON_THEIR_WAY.includes(status) ? EXIT.unknown : EXIT.notFine;
  context.answer(report, words, status === 'sent' ? EXIT.fine : exitCode);
}

const failureInWords = ({ code, message }: Failure) => `${message} (${code})`;

async function list(context: CliContext, options: PhoneOptions & { location?: string }): Promise<void> {
  const { phone, location } = options;
  const { files } = await context.perform(listFiles, { phone, location_uid: location });
  context.answer({ files }, files.length > 0 ? files.map(inWords).join('\n') : 'None.');
  if (files.some(({ status, link }) => status === 'kept' && link === null))
    context.tell('There are no links, since PUBLIC_URL is not set.');
}

function inWords(file: z.output<typeof listFiles.output>['files'][number]): string {
  const what = file.sha256
    ? `${file.name}, ${file.content_type}, ${file.size_bytes} bytes, SHA-256 ${file.sha256}`
    : (file.error_code ?? '');
  const link = file.link ? `\n  ${file.link}` : '';
  return `${file.received_at}  ${file.status}  ${what}${link}`.trimEnd();
}
