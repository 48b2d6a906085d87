/** Everything that the worker bundles. */
export { agentNote } from './agent-note';
export { optOutMirror } from './opt-out-mirror';
export { webchatSession } from './webchat-session';
