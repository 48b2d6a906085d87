/** The bare call of Temporal that the product is measured against, with the very input that the relay gives. */
import type { Client } from '@temporalio/client';
import { loadSettings } from '../config/load';
import { MESSAGE_SIGNAL, SESSION_QUEUE, WEBCHAT_SESSION } from '../core/session';
import type { SessionInput, SessionMessage } from '../core/session';
import { sessionPolicy } from '../core/settings';
import { LOCATIONS, type Customer } from './customers';

const DEADLINE_MS = 5_000;
const settings = loadSettings();

export async function signalSession(
  client: Client,
  workflowId: string,
  { phone, locationUid }: Customer,
  message: SessionMessage,
): Promise<void> {
  const locationName = LOCATIONS.find(({ uid }) => uid === locationUid)?.name ?? '';
  const input: SessionInput = {
    phone,
    locationUid,
    locationName,
    policy: sessionPolicy(settings, { uid: locationUid }),
  };
  await client.withDeadline(Date.now() + DEADLINE_MS, () =>
    client.workflow.signalWithStart(WEBCHAT_SESSION, {
      workflowId,
      taskQueue: SESSION_QUEUE,
      args: [input],
      signal: MESSAGE_SIGNAL,
      signalArgs: [[message]],
    }),
  );
}

/** The first message of a chat. */
export function firstMessage(text = 'Can I book a test drive?'): SessionMessage {
  const at = Date.now();
  return {
    ...{ number: 1, from: 'customer', text, at, receivedAt: at, webchat: true },
    ...{ conversationUid: '5b000000-0000-4000-8000-000000000001', name: 'Jane Citizen', attachments: 0 },
  };
}
