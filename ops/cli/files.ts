/** `podium-webchat files …`: what customers have sent, with links to it; and files that are sent to them. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { failure } from '../../core/error-codes';
import type { Failure } from '../../core/events';
import { phoneHash } from '../../core/ids';
import { FileRefused, keepContent } from '../../store/files/checked-content';
import { connectFileStore } from '../../store/files/connect';
import { fileSendReport, locationProblem, wantFileSent } from '../file-sends';
import { listFiles, type FileReport } from '../files';
import { EXIT, type CliContext } from './context';
import { e164, phoneOption, type PhoneOptions } from './phone';

type Options = Pick<PhoneOptions, 'phone'> & { location: string };
type SendOptions = Options & { file: string; body: string };

export function registerFileCommands(program: Command, context: CliContext): void {
  const files = program.command('files').description('files of customers, and for them');
  files
    .command('list')
    .description('the files of a customer at a store, with fresh links to those that are kept')
    .addOption(phoneOption())
    .requiredOption('--location <uid>', 'the store')
    .action((options: Options) => list(context, options));
  files
    .command('send')
    .description('send a file to a customer, unless the customer has opted out')
    .addOption(phoneOption())
    .requiredOption('--location <uid>', 'the store')
    .requiredOption('--file <path>', 'what is sent')
    .option('--body <text>', 'the words that go with it', '')
    .action((options: SendOptions) => send(context, options));
}

/** How often, and for how long, it is looked what became of it. */
const LOOK_EVERY_MS = 500;
const PATIENCE_MS = 30_000;
const ON_THEIR_WAY = ['queued', 'intent', 'not_sent'];

async function send(context: CliContext, options: SendOptions): Promise<void> {
  const { pool, settings } = context;
  const { location: locationUid, body, file } = options;
  const phone = e164(options.phone);
  const [idKey] = context.environment('idKeys').idKeys as [string];
  const problem = await locationProblem(pool, locationUid);
  if (problem) return no(context, problem);
  const { max_bytes: maxBytes, allowed_types: allowedTypes, store } = settings.attachments;
  const files = await connectFileStore(store);
  const fileId = randomUUID();
  try {
    const kept = await keepContent(files, fileId, createReadStream(file), { maxBytes, allowedTypes });
    const wish = { id: randomUUID(), phone, locationUid, body, name: basename(file) };
    const tools = { pool, files, auditHash: (e164: string) => phoneHash(e164, idKey) };
    await wantFileSent(tools, { ...wish, actor: userInfo().username }, { ...kept, fileId });
    await tellOutcome(context, wish.id);
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    no(context, failure(error.code));
  }
}

function no(context: CliContext, problem: Failure): void {
  context.answer({ error: problem }, failureInWords(problem), EXIT.notFine);
}

/** Waits for a moment, to tell what became of it. */
async function tellOutcome(context: CliContext, id: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  let report = (await fileSendReport(context.pool, id))!;
  while (ON_THEIR_WAY.includes(report.status) && Date.now() < until) {
    await delay(LOOK_EVERY_MS);
    report = (await fileSendReport(context.pool, id))!;
  }
  const words = [report.status, report.error && failureInWords(report.error)].filter(Boolean).join(': ');
  const exitCode = ON_THEIR_WAY.includes(report.status) ? EXIT.unknown : EXIT.notFine;
  context.answer(report, words, report.status === 'sent' ? EXIT.fine : exitCode);
}

const failureInWords = ({ code, message }: Failure) => `${message} (${code})`;

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
