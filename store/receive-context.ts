import type { Environment } from '../core/environment';
import { phoneHash, sessionWorkflowId } from '../core/ids';
import type { Settings } from '../core/settings';
import type { ReceiveContext } from './effects';

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
