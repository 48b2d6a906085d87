/** What operators see of a session in Temporal: search attributes, and details in the Web UI. */
import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { CloseReason, SessionInput, SessionView } from '../core/session';
import { sessionView, type SessionState } from '../core/session-state';

const STATUS = defineSearchAttributeKey('WebchatStatus', 'KEYWORD');
const LOCATION = defineSearchAttributeKey('WebchatLocation', 'KEYWORD');
const LAST_MESSAGE = defineSearchAttributeKey('WebchatLastCustomerMessageAt', 'DATETIME');
const CLOSE_REASON = defineSearchAttributeKey('WebchatCloseReason', 'KEYWORD');

/** Shows the session as it is now. Search attributes are never encrypted, so no phone and no text is in them. */
export function show(state: SessionState, input: SessionInput, reason: CloseReason | null = null): void {
  const { status, lastMessageAt } = state;
  const attributes: SearchAttributeUpdatePair[] = [
    { key: STATUS, value: status },
    { key: LOCATION, value: input.locationUid },
    { key: CLOSE_REASON, value: reason },
  ];
  if (lastMessageAt !== null) attributes.push({ key: LAST_MESSAGE, value: new Date(lastMessageAt) });
  upsertSearchAttributes(attributes);
  describe(state, input, reason);
}

/** The details alone: they are asked for when somebody looks, and stand in no history. */
export function describe(state: SessionState, input: SessionInput, reason: CloseReason | null = null): void {
  setCurrentDetails(details(state, input, reason));
}

/** Markdown. It goes through the codec, so it may tell the answers. */
function details(state: SessionState, input: SessionInput, reason: CloseReason | null): string {
  const view = sessionView(state, input, Date.now());
  const { count, last } = state.refusedSignals;
  return [
    `**${state.status}${reason ? ` (${reason})` : ''}** at ${input.locationName}, waiting for ${view.waiting_for}.`,
    '',
    ...timesDue(view),
    ...state.intake.answers.map(({ label, value }) => `- ${label}: ${value.replace(/\s+/g, ' ')}`),
    count > 0 ? `\n${count} signal(s) refused for their shape, the last one: \`${last}\`.` : '',
  ].join('\n');
}

/** Until when it waits, and what happens then. */
function timesDue({ prompt_at: promptAt, close_at: closeAt }: SessionView): string[] {
  if (closeAt === null) return [];
  const prompt = promptAt === null ? '' : `prompt at ${time(promptAt)}, `;
  return [`Without a word: ${prompt}close at ${time(closeAt)}.`, ''];
}

/** As 2026-07-23 10:20:00 UTC. */
const time = (iso: string) => `${iso.slice(0, 19).replace('T', ' ')} UTC`;
