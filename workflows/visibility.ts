/** What operators see of a session in Temporal: search attributes, and details in the Web UI. */
import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { CloseReason, SessionInput } from '../core/session';
import { sessionView, type SessionState } from '../core/session-state';

const STATUS = defineSearchAttributeKey('WebchatStatus', 'KEYWORD');
const LOCATION = defineSearchAttributeKey('WebchatLocation', 'KEYWORD');
const LAST_MESSAGE = defineSearchAttributeKey('WebchatLastCustomerMessageAt', 'DATETIME');
const CLOSE_REASON = defineSearchAttributeKey('WebchatCloseReason', 'KEYWORD');

/** Shows the session as it is now. Search attributes are never encrypted, so no phone and no text is in them. */
export function show(
  state: SessionState,
  { locationUid, locationName }: SessionInput,
  reason: CloseReason | null = null,
): void {
  const { status, lastMessageAt } = state;
  const attributes: SearchAttributeUpdatePair[] = [
    { key: STATUS, value: status },
    { key: LOCATION, value: locationUid },
    { key: CLOSE_REASON, value: reason },
  ];
  if (lastMessageAt !== null) attributes.push({ key: LAST_MESSAGE, value: new Date(lastMessageAt) });
  upsertSearchAttributes(attributes);
  setCurrentDetails(details(state, locationName, reason));
}

/** Markdown. It goes through the codec, so it may tell the answers. */
function details(state: SessionState, locationName: string, reason: CloseReason | null): string {
  const waitingFor = sessionView(state, { phone: '', locationUid: '' }, 0).waiting_for;
  const { count, last } = state.refusedSignals;
  return [
    `**${state.status}${reason ? ` (${reason})` : ''}** at ${locationName}, waiting for ${waitingFor}.`,
    '',
    ...state.intake.answers.map(({ label, value }) => `- ${label}: ${value.replace(/\s+/g, ' ')}`),
    count > 0 ? `\n${count} signal(s) refused for their shape, the last one: \`${last}\`.` : '',
  ].join('\n');
}
