/** Everything that the worker bundles. */
export { agentNote } from './agent-note';
export { contactReading } from './contact-reading';
export { fileSend } from './file-send';
export { inboundFile } from './inbound-file';
export { optOutAudit } from './opt-out-audit';
export { optOutMirror, optOutMirrorRetry } from './opt-out-mirror';
export { ownText } from './own-text';
export { reconciliation } from './reconciliation';
export { retention } from './retention';
export { webhookCheck } from './webhook-check';
export { webchatSession } from './webchat-session';
