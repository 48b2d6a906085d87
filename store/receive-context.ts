import type { Environment } from '../core/environment';
import { phoneHash, sessionWorkflowId } from '../core/ids';
import type { Settings } from '../core/settings';
import type { ReceiveContext } from './effects';

/** What receiving takes from keys and settings; the first key makes new ids. */
export function receiveContext(
  { idKeys, encryptionKeys }: Pick<Environment, 'idKeys' | 'encryptionKeys'>,
  settings: Settings,
): ReceiveContext {
  const [key] = idKeys as [string];
  return {
    workflowId: (phone, locationUid) => sessionWorkflowId(phone, locationUid, key),
    startOn: settings.session.start_on,
    auditHash: (phone) => phoneHash(phone, key),
    files: { maxBytes: settings.attachments.max_bytes, encryptionKeys },
  };
}
