/** Everything that the worker bundles. */
import { setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import { agentNote } from './agent-note';
import { contactMaking } from './contact-making';
import { contactReading } from './contact-reading';
import { fileSend } from './file-send';
import { inboundFile } from './inbound-file';
import { optOutMirror } from './opt-out-mirror';
import { optOutSecondLook } from './opt-out-second-look';
import { ownText } from './own-text';
import { widgetImport } from './widget-import';

export {
  agentNote,
  contactMaking,
  contactReading,
  fileSend,
  inboundFile,
  optOutMirror,
  optOutSecondLook,
  ownText,
  widgetImport,
};
export { optOutAudit } from './opt-out-audit';
export { optOutMirrorRetry } from './opt-out-mirror';
export { reconciliation } from './reconciliation';
export { retention } from './retention';
export { webhookCheck } from './webhook-check';
export { webchatSession } from './webchat-session';

/**
 * What may wait for Podium for days goes on with each new version of the workers, or an old one would be needed
 * for as long. All else ends on the version that it began on.
 */
const WAIT_FOR_DAYS: ((...args: never[]) => Promise<void>)[] = [
  agentNote,
  contactMaking,
  contactReading,
  fileSend,
  inboundFile,
  optOutMirror,
  optOutSecondLook,
  ownText,
  widgetImport,
];
for (const workflow of WAIT_FOR_DAYS) setWorkflowOptions(whereWorkersAreVersions, workflow);

/** Of a worker that is no version Temporal takes no such wish: every task of the workflow would fail. */
function whereWorkersAreVersions(): { versioningBehavior?: 'AUTO_UPGRADE' } {
  return workflowInfo().currentDeploymentVersion?.deploymentName
    ? { versioningBehavior: 'AUTO_UPGRADE' }
    : {};
}
