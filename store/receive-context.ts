/** What goes into receiving besides the database. */
import type { Environment } from '../core/environment';
import type { PodiumEvent, Verdict } from '../core/events';
import { phoneHash, sessionWorkflowId } from '../core/ids';
import type { Settings } from '../core/settings';
import type { FileRules } from './files/arrivals';

/** An event and what was decided without the database. */
export interface JudgedEvent {
  event: PodiumEvent;
  verdict: Verdict;
  /** When we first received it. */
  receivedAt: Date;
}

export interface ReceiveContext {
  /** Id of the workflow for a session that begins now, by the current key. */
  workflowId(phone: string, locationUid: string): string;
  /** Whether a plain text message begins a session too. */
  startOn: 'webchat' | 'any';
  /** The audit's name for a phone. */
  auditHash(phone: string): string;
  /** How long answers wait for their customer. */
  answersWaitDays: number;
  /** What is answered later than that answers nobody. */
  replyWithinSeconds: number;
  files: Omit<FileRules, 'auditHash'>;
  /** Texts that no session sends; `{location}` is replaced. */
  texts: {
    help(locationUid: string): string;
    /** Null where opt-outs are not confirmed. */
    confirmation: string | null;
  };
}

/** What receiving takes from keys and settings; the first key makes new ids. */
export function receiveContext(
  environment: Pick<Environment, 'idKeys' | 'encryptionKeys' | 'publicUrl' | 'podiumContract'>,
  settings: Settings,
): ReceiveContext {
  const { idKeys, encryptionKeys, publicUrl, podiumContract } = environment;
  const [key] = idKeys as [string];
  const { max_bytes: maxBytes, link_seconds: linkSeconds } = settings.attachments;
  return {
    workflowId: (phone, locationUid) => sessionWorkflowId(phone, locationUid, key),
    startOn: settings.session.start_on,
    auditHash: (phone) => phoneHash(phone, key),
    answersWaitDays: settings.retention.partial_answers_days,
    replyWithinSeconds: settings.session.reply_within_seconds,
    files: {
      ...{ maxBytes, encryptionKeys, publicUrl, linkSeconds },
      forwards: (podiumContract ?? settings.podium.contract) === 'skill',
    },
    texts: {
      help: (locationUid) => settings.optout.help_texts[locationUid] ?? settings.messages.en.help,
      confirmation: settings.optout.confirmation ? settings.messages.en.opt_out_confirmation : null,
    },
  };
}
