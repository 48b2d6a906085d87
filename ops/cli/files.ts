/** `podium-webchat files …`: what customers have sent, with links to it; and files that are sent to them. */
import { randomUUID } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { z } from 'zod';
import { failure } from '../../core/error-codes';
import type { Failure } from '../../core/events';
import { phoneHash } from '../../core/ids';
import { FileRefused, keepContent } from '../../store/files/checked-content';
import { locationProblem, wantFileSent } from '../file-sends';
import { e164, OperationRefused } from '../operation';
import { listFiles, showFileSend } from '../operations/files';
import { idKeysOf } from '../used-keys';
import { EXIT, type CliContext } from './context';
import { storeOption, phoneOption, type PhoneOptions } from './options';
import { post, type RemoteSystem } from './remote';

interface SendOptions extends PhoneOptions {
  location: string;
  file: string;
  body: string;
}

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
    .requiredOption('--location <uid>', 'the store')
    .requiredOption('--file <path>', 'what is sent')
    .option('--body <text>', 'the words that go with it', '')
    .addHelpText('after', '\nExit codes: 0 sent, 1 not sent, 2 on its way, and nobody knows yet.')
    .action((options: SendOptions) => send(context, options));
}

/** How often, and for how long, it is looked what became of it. */
const LOOK_EVERY_MS = 500;
const PATIENCE_MS = 30_000;
const ON_THEIR_WAY = ['queued', 'intent', 'not_sent'];

/** The file does not fit into JSON, so this is no operation: the API takes a form. */
async function send(context: CliContext, options: SendOptions): Promise<void> {
  const id = randomUUID();
  if (context.remote) await sendThere(context.remote, id, options);
  else await sendHere(context, id, options);
  await tellOutcome(context, id);
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
  const { location: locationUid, body, file } = options;
  const phone = e164(options.phone);
  const [idKey] = await idKeysOf(context);
  const problem = await locationProblem(pool, locationUid);
  if (problem) throw new OperationRefused('refused', problem);
  const { max_bytes: maxBytes, allowed_types: allowedTypes } = settings.attachments;
  const files = await context.openFiles();
  const fileId = randomUUID();
  try {
    const kept = await keepContent(files, fileId, createReadStream(file), { maxBytes, allowedTypes });
    const wish = { id, phone, locationUid, body, name: basename(file), actor: userInfo().username };
    const tools = { pool, files, auditHash: (e164: string) => phoneHash(e164, idKey) };
    await wantFileSent(tools, wish, { ...kept, fileId });
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    throw new OperationRefused('refused', failure(error.code));
  }
}

/** Waits for a moment, to tell what became of it. */
async function tellOutcome(context: CliContext, id: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  let report = await context.perform(showFileSend, { id });
  while (ON_THEIR_WAY.includes(report.status) && Date.now() < until) {
    await delay(LOOK_EVERY_MS);
    report = await context.perform(showFileSend, { id });
  }
  const words = [report.status, report.error && failureInWords(report.error)].filter(Boolean).join(': ');
  const exitCode = ON_THEIR_WAY.includes(report.status) ? EXIT.unknown : EXIT.notFine;
  context.answer(report, words, report.status === 'sent' ? EXIT.fine : exitCode);
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
