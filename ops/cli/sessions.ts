/** `podium-webchat sessions …`: which chats there are, and what to do with them. */
import { Option, type Command } from 'commander';
import type { z } from 'zod';
import { closeSession, listSessions, scanSessions, showSession } from '../operations/sessions';
import { EXIT, type CliContext } from './context';
import { limitOption, optionalPhoneOption, storeOption } from './options';
import { at, table } from './table';

interface Which {
  phone?: string;
  location?: string;
  id?: string;
}

interface ListOptions extends Omit<Which, 'id'> {
  status?: 'open' | 'active' | 'warned' | 'closed';
  waiting?: boolean;
  limit: number;
}

const WHICH = `
A session is named by --phone, with --location where the customer has chats at several stores; or by --id: its own,
or its workflow's.`;

export function registerSessionCommands(program: Command, context: CliContext): void {
  const sessions = program.command('sessions').description('chats: which there are, one of them, its end');
  sessions
    .command('list')
    .description('sessions, those with the latest message first')
    .addOption(optionalPhoneOption())
    .addOption(storeOption())
    .addOption(
      new Option('--status <status>', 'open is all but closed').choices([
        'open',
        'active',
        'warned',
        'closed',
      ]),
    )
    .option('--waiting', 'those that wait for a person of the store, closed ones too; the longest wait first')
    .addOption(limitOption())
    .action((options: ListOptions) => list(context, options));
  withWhich(sessions.command('show'))
    .description('a session by its row, and what its workflow says while it runs')
    .addHelpText(
      'after',
      `${WHICH}\n\nExit codes: 0 fine, 1 there is none, 2 it is open, and its workflow did not answer.`,
    )
    .action((which: Which) => show(context, which));
  withWhich(sessions.command('close'))
    .description('close a session now, as if its idle time were over; what was answered is kept')
    .option('--reason <text>', 'why; the agent reads who, "audit show" and "timeline" tell both', '')
    .requiredOption('--yes', 'the conversation is closed in Podium, too')
    .addHelpText(
      'after',
      `${WHICH}\n\nExit codes: 0 closed, 1 there is none that is open, 2 it did not answer.`,
    )
    .action((options: Which & { reason: string }) => close(context, options));
  sessions
    .command('scan')
    .description('count all sessions, and find those whose workflow does not run any more')
    .option(
      '--yes',
      'close those in the store: the agent gets a note, answers wait for the next message; and ask again for notes, files, imports and mirrors that a lost Temporal has not finished',
    )
    .addHelpText('after', '\nExit codes: 0 all run, 1 some do not, 2 Temporal or the database is away.')
    .action(({ yes = false }: { yes?: boolean }) => scan(context, yes));
}

function withWhich(command: Command): Command {
  return command
    .addOption(optionalPhoneOption())
    .addOption(storeOption())
    .option('--id <id>', 'of the session, or of its workflow');
}

async function list(context: CliContext, options: ListOptions): Promise<void> {
  const { location: location_uid, ...filter } = options;
  const { sessions, more } = await context.perform(listSessions, { ...filter, location_uid });
  const shown = sessions.map((session) => ({ ...session, phone_e164: context.shown(session.phone_e164) }));
  const rows = shown.map((session) => [
    ...[session.phone_e164, session.location ?? session.location_uid, statusOf(session)],
    ...[at(session.last_message_at), ...(options.waiting ? [waitOf(session)] : []), session.session_uid],
  ]);
  const head = ['phone', 'location', 'status', 'last message', ...(options.waiting ? ['waits'] : []), 'id'];
  context.answer({ sessions: shown, more }, rows.length > 0 ? table(head, rows) : 'None.');
  if (more && !context.json) context.tell(`There are more than ${options.limit}: raise --limit.`);
}

/** As 2 h 5 min. */
function waitOf({ waiting_since }: { waiting_since: string | null }): string {
  const minutes = Math.floor((Date.now() - Date.parse(waiting_since!)) / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function statusOf({ status, close_reason }: { status: string; close_reason: string | null }): string {
  return close_reason === null ? status : `${status} (${close_reason})`;
}

type Session = z.output<typeof showSession.output>;

async function show(context: CliContext, { location, ...which }: Which): Promise<void> {
  const session = await context.perform(showSession, { ...which, location_uid: location });
  const phone = context.shown(session.phone_e164);
  const live = session.live && { ...session.live, phone_e164: phone };
  const exitCode = session.unanswered === null ? EXIT.fine : EXIT.unknown;
  context.answer({ ...session, phone_e164: phone, live }, inWords(session, phone), exitCode);
}

function inWords(session: Session, phone: string): string {
  const { live } = session;
  return [
    `${phone} at ${session.location ?? session.location_uid}: ${statusOf(session)}`,
    `Location:     ${session.location_uid}`,
    `Session:      ${session.session_uid}`,
    `Workflow:     ${session.workflow_id}`,
    `Last message: ${at(session.last_message_at) ?? 'none yet'}`,
    ...(session.closed_at ? [`Closed:       ${at(session.closed_at)}`] : []),
    ...(session.waiting_since ? [`Store owes:   a word since ${at(session.waiting_since)}`] : []),
    ...(live ? [`Waits for:    ${live.waiting_for}`, `Idle:         ${live.idle_seconds} s`] : []),
    ...(live?.prompt_at ? [`Prompt due:   ${at(live.prompt_at)}`] : []),
    ...(live?.close_at ? [`Close due:    ${at(live.close_at)}`] : []),
    ...(live?.partial_state.answers ?? []).map(({ label, value }) => `Answer:       ${label}: ${value}`),
    ...(session.unanswered === null ? [] : [`Not known what it waits for: ${session.unanswered}`]),
  ].join('\n');
}

async function close(context: CliContext, { phone, location, id, reason }: Which & { reason: string }) {
  const closed = await context.perform(closeSession, { phone, location_uid: location, id, reason });
  context.answer(closed, `Closed: ${closed.session_uid}.`);
}

async function scan(context: CliContext, mend: boolean): Promise<void> {
  const { findings, ...counts } = await context.perform(scanSessions, { mend });
  const shown = findings.map((finding) => ({ ...finding, phone_e164: context.shown(finding.phone_e164) }));
  const { scanned, active, warned, closed, errors } = counts;
  const lines = shown.map(
    (each) =>
      `${each.mended ? 'mended' : 'ERROR '}  ${each.phone_e164} at ${each.location_uid}: ${each.problem} (${each.session_uid})`,
  );
  const summary = `scanned ${scanned}: active ${active}, warned ${warned}, closed ${closed}, errors ${errors}`;
  context.answer(
    { ...counts, findings: shown },
    [...lines, `${summary}${mendedInWords(counts)}`].join('\n'),
    errors > 0 ? EXIT.notFine : EXIT.fine,
  );
  if (errors > 0 && !mend && !context.json) context.tell('Add --yes to close these in the store.');
}

function mendedInWords({ mended, wanted_again: again }: { mended: number; wanted_again: number }): string {
  return `${mended > 0 ? `, mended ${mended}` : ''}${again > 0 ? `, asked again for ${again}` : ''}`;
}
