/** `podium-webchat audit …`: whether the audit is whole, and what it tells of a customer. */
import { InvalidArgumentError, type Command } from 'commander';
import type { AuditHead, AuditProblem } from '../../core/audit-chain';
import { auditKeys } from '../../core/audit-keys';
import { connectFileStore } from '../../store/files/connect';
import { showAudit, verifyAudit, type AuditVerification, type ShownEntry } from '../audit';
import { EXIT, type CliContext } from './context';
import { e164, phoneOption, shown, showPhonesOption, type PhoneOptions } from './phone';

export function registerAuditCommands(program: Command, context: CliContext): void {
  const audit = program.command('audit').description('what happened, and whether that was changed');
  audit
    .command('verify')
    .description('whether rows were changed, removed, put in between or cut off')
    .option('--head <number:hex>', 'an end of the chain that was kept elsewhere, as in the log', readHead)
    .action(({ head = null }: { head?: AuditHead | null }) => verify(context, head));
  audit
    .command('show')
    .description('in plain words and in order, why a customer did or did not get a message')
    .addOption(phoneOption())
    .addOption(showPhonesOption())
    .action((options: PhoneOptions) => show(context, options));
}

async function verify(context: CliContext, head: AuditHead | null): Promise<void> {
  const environment = context.environment('auditKeys', 'idKeys');
  const { store } = context.settings.attachments;
  const tools = {
    pool: context.pool,
    keys: auditKeys(environment.auditKeys, environment.idKeys),
    openFiles: () => connectFileStore(store),
  };
  const result = await verifyAudit(tools, head);
  const exitCode = { true: EXIT.fine, false: EXIT.notFine, null: EXIT.unknown }[`${result.ok}`];
  context.answer(verificationData(result), verificationInWords(result), exitCode);
}

function readHead(value: string): AuditHead {
  const [, number, seal] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(value) ?? [];
  if (!number || !seal)
    throw new InvalidArgumentError(
      'It is the number and the seal, 64 hexadecimal digits, with a colon between.',
    );
  return { number: Number(number), seal: seal.toLowerCase(), exportedAt: null };
}

function verificationData({ head, ...rest }: AuditVerification) {
  const exported = head && { number: head.number, seal: head.seal, exported_at: head.exportedAt };
  return { ...rest, head: exported };
}

function verificationInWords({ ok, sealed, unsealed, head, problems, unknown }: AuditVerification): string {
  const verdict = {
    true: 'The audit is whole.',
    false: 'The audit is not as it was.',
    null: 'Nothing was found, and not everything could be told.',
  }[`${ok}`];
  return [
    `${verdict} ${sealed} row(s) are sealed, ${unsealed} wait for their seal.`,
    ...(head ? [`The newest end that was exported is number ${head.number}, at ${head.exportedAt}.`] : []),
    ...problems.map(problemInWords),
    ...unknown,
  ].join('\n');
}

function problemInWords({ kind, number, id, at, what }: AuditProblem): string {
  const which = [number !== null && `number ${number}`, id !== null && `row ${id}`, at].filter(Boolean);
  return `${kind}  ${which.join(', ')}: ${what}`;
}

async function show(context: CliContext, options: PhoneOptions): Promise<void> {
  const phone = e164(options.phone);
  const entries = await showAudit(context.pool, phone, context.environment('idKeys').idKeys);
  const data = { phone: shown(phone, options), entries: entries.map(entryData) };
  context.answer(data, entries.length > 0 ? entries.map(entryLine).join('\n') : 'None.');
  if (!context.json) context.tell(`Of ${shown(phone, options)}. Times are UTC.`);
}

function entryData({ id, at, kind, locationUid, location, workflowId, details, words }: ShownEntry) {
  return {
    ...{ id, at: at.toISOString(), kind, location_uid: locationUid, location, workflow_id: workflowId },
    ...{ details, words },
  };
}

function entryLine({ at, words }: ShownEntry): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')}  ${words}`;
}
