/** `podium-webchat events …`: what Podium has sent us, and what became of it. */
import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import type { z } from 'zod';
import { EVENT_STATUSES } from '../../store/inbox-lists';
import { ingestFile, listEvents, quarantineEvents, replayEvents, showEvent } from '../operations/events';
import { EXIT, type CliContext, type ExitCode } from './context';
import { limitOption, storeOption, optionalPhoneOption, wholeNumber, wholeNumbers } from './options';
import { at, table } from './table';

interface ListOptions {
  status?: (typeof EVENT_STATUSES)[number];
  code?: string;
  phone?: string;
  location?: string;
  limit: number;
}

interface ReplayOptions {
  code?: string;
  location?: string;
  all?: boolean;
  after?: number;
  dryRun?: boolean;
}

const REPLAY_HELP = `
What can be used by the locations and settings of now takes effect as if it came now; the rest stays. Twice is once.

Exit codes: 0 nothing is left of what was named, 1 some stay in quarantine or there is no such event.`;

export function registerEventCommands(program: Command, context: CliContext): void {
  const events = program.command('events').description('what came in, and what became of it');
  events
    .command('list')
    .description('events, the latest first')
    .addOption(new Option('--status <status>', 'only those').choices(EVENT_STATUSES))
    .option('--code <code>', 'in quarantine for this, as ERR_WEBCHAT_003')
    .addOption(optionalPhoneOption())
    .addOption(storeOption())
    .addOption(limitOption())
    .action((options: ListOptions) => list(context, options));
  events
    .command('show')
    .description('one event')
    .argument('<id>', 'of the event', wholeNumber)
    .option('--raw', 'with its body as it came, in which phone and words stand whole')
    .action((id: number, { raw = false }: { raw?: boolean }) => show(context, id, raw));
  events
    .command('replay')
    .description('judge quarantined events anew, and let go what can be used now')
    .argument('[ids...]', 'of events', wholeNumbers, [])
    .option('--code <code>', 'all that are in quarantine for this')
    .addOption(storeOption('all that are in quarantine for this store'))
    .option('--all', 'all that are in quarantine')
    .addOption(
      new Option('--after <id>', 'of a search: only younger ones, as a call that broke off says').argParser(
        wholeNumber,
      ),
    )
    .option('--dry-run', 'only tell what would be let go')
    .addHelpText('after', REPLAY_HELP)
    .action((ids: number[], options: ReplayOptions) => replay(context, ids, options));
  events
    .command('quarantine')
    .description('what is in quarantine, by its code; with an id, set a pending event aside first')
    .argument('[id]', 'of a pending event', wholeNumber)
    .addHelpText('after', '\nExit codes: 0 nothing is in quarantine, or what was named is now; 1 otherwise.')
    .action((id: number | undefined) => quarantine(context, id));
  events
    .command('ingest')
    .description('take a payload by hand, as if a webhook had brought it; the same one again is a duplicate')
    .requiredOption('--file <path>', "the body, in either contract's shape")
    .option('--dry-run', 'only tell what would become of it')
    .addHelpText('after', '\nExit codes: 0 accepted, known or ignored, 1 in quarantine.')
    .action(({ file, dryRun = false }: { file: string; dryRun?: boolean }) => ingest(context, file, dryRun));
}

async function list(context: CliContext, options: ListOptions): Promise<void> {
  const { location: location_uid, ...filter } = options;
  const { events, more } = await context.perform(listEvents, { ...filter, location_uid });
  const shown = events.map((event) => ({ ...event, phone_e164: context.shown(event.phone_e164) }));
  const rows = shown.map((event) => [
    ...[event.id, at(event.received_at), event.event_type, event.status, event.error?.code ?? null],
    ...[event.phone_e164, event.location_uid],
  ]);
  const head = ['id', 'received', 'type', 'status', 'code', 'phone', 'location'];
  context.answer({ events: shown, more }, rows.length > 0 ? table(head, rows) : 'None.');
  if (more && !context.json) context.tell(`There are more than ${options.limit}: raise --limit.`);
}

async function show(context: CliContext, id: number, raw: boolean): Promise<void> {
  const event = await context.perform(showEvent, { id, raw });
  const phone = context.shown(event.phone_e164);
  context.answer({ ...event, phone_e164: phone }, eventInWords(event, phone));
}

function eventInWords(event: z.output<typeof showEvent.output>, phone: string | null): string {
  const { error } = event;
  return [
    `${event.id}  ${event.event_type} of the ${event.contract} contract, ${event.size_bytes} bytes: ${event.status}`,
    `Event:      ${event.event_id}`,
    ...(event.message_uid ? [`Message:    ${event.message_uid}`] : []),
    `Received:   ${at(event.received_at)}`,
    ...(event.podium_at ? [`At Podium:  ${at(event.podium_at)}`] : []),
    ...(phone ? [`Phone:      ${phone}`] : []),
    ...(event.location_uid ? [`Location:   ${event.location_uid}`] : []),
    ...(event.workflow_id ? [`Workflow:   ${event.workflow_id}`] : []),
    ...(event.delivered_at ? [`Delivered:  ${at(event.delivered_at)}, number ${event.delivery_number}`] : []),
    ...(error ? [`Quarantine: ${error.code}: ${error.message}`, `            ${error.hint}`] : []),
    ...(event.raw === null ? [] : ['', event.raw]),
  ].join('\n');
}

/** However many calls it takes. Each is told as soon as it is done, so that what fails later takes nothing of it away. */
async function replay(context: CliContext, ids: number[], options: ReplayOptions): Promise<void> {
  const { code, location, all = false, dryRun = false, after = 0 } = options;
  const wanted = { ids, code, all, location_uid: location, dry_run: dryRun };
  const done: ReplayPage = {
    ...{ released: 0, would_be_released: 0, unchanged: 0, events: [] },
    ...{ more: true, next_after_id: null },
  };
  let exitCode: ExitCode = EXIT.fine;
  for (let next: number | null = after; next !== null; next = done.next_after_id) {
    const page = await context
      .perform(replayEvents, { ...wanted, after_id: next })
      .catch((error: unknown) => {
        if (next !== after) tellHowFar(context, done, next);
        throw error;
      });
    add(done, page);
    if (page.events.some(stays)) exitCode = EXIT.notFine;
    if (!context.json && page.events.length > 0) context.answer(page, replaysInWords(page), exitCode);
  }
  if (context.json) context.answer(done, '', exitCode);
  else if (done.events.length === 0) context.answer(done, 'Nothing is in quarantine by that.');
}

type ReplayPage = z.output<typeof replayEvents.output>;

/** Counts a page in with those before it. */
function add(done: ReplayPage, page: ReplayPage): void {
  for (const count of ['released', 'would_be_released', 'unchanged'] as const) done[count] += page[count];
  done.events.push(...page.events);
  done.more = page.more;
  done.next_after_id = page.next_after_id;
}

function stays({ failure }: ReplayPage['events'][number]): boolean {
  return failure !== null && failure.code !== 'ERR_OPS_NOT_QUARANTINED';
}

function tellHowFar(context: CliContext, { events }: ReplayPage, after: number): void {
  const released = events.filter(({ outcome }) => outcome === 'released');
  const ids = released.length > 0 ? `released: ${released.map(({ id }) => id).join(', ')}` : 'none released';
  context.tell(`Looked at up to event ${after}, ${ids}. Go on with the same command and --after ${after}.`);
}

const OUTCOMES = { released: 'released', would_be_released: 'would be released', unchanged: 'unchanged' };

function replaysInWords({ events }: ReplayPage): string {
  const words = ({ message, code }: { message: string; code: string }) => `${message} (${code})`;
  const lines = events.map(({ id, outcome, failure, alarm }) =>
    [`${id}  ${OUTCOMES[outcome]}`, failure && words(failure), alarm && words(alarm)]
      .filter(Boolean)
      .join(': '),
  );
  return lines.join('\n');
}

async function quarantine(context: CliContext, id: number | undefined): Promise<void> {
  const { quarantined, set_aside } = await context.perform(quarantineEvents, { id });
  const rows = quarantined.map(({ code, count, oldest_received_at, message }) => [
    ...[code, count, at(oldest_received_at), message],
  ]);
  const text = rows.length > 0 ? table(['code', 'events', 'oldest', 'what it means'], rows) : 'Nothing.';
  const isFine = id !== undefined || rows.length === 0;
  context.answer({ set_aside, quarantined }, text, isFine ? EXIT.fine : EXIT.notFine);
  if (id !== undefined && !context.json)
    context.tell(set_aside === null ? `Event ${id} was in quarantine already.` : `Event ${id} is set aside.`);
}

async function ingest(context: CliContext, file: string, dryRun: boolean): Promise<void> {
  const payload = await readFile(file, 'utf8');
  const done = await context.perform(ingestFile, { payload, dry_run: dryRun });
  const why = done.error ? `: ${done.error.message} (${done.error.code}) ${done.error.hint}` : '.';
  const text = `${done.event_type} ${done.event_id}: ${done.status.replaceAll('_', ' ')}${why}`;
  context.answer(done, text, done.error ? EXIT.notFine : EXIT.fine);
}
