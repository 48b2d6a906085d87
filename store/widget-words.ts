/** What a customer has written in the widget is to stand in Podium's inbox as well, as the customer's message. */
import { typedOptInNote } from '../core/agent-note';
import type { Queryable } from './database';
import type { JudgedEvent, ReceiveContext } from './effects';
import { writeNotes } from './notes';
import type { SendBlock } from './opt-outs';
import { wantImports, type WantedImport } from './widget-imports';

export interface WrittenWords {
  received: JudgedEvent;
  /** The session went on already. */
  wasOpen: boolean;
  block: SendBlock | undefined;
}

/** A file without words has a note that links to it. */
export async function bringIntoPodium(
  client: Queryable,
  written: WrittenWords[],
  context: Pick<ReceiveContext, 'auditHash'>,
): Promise<void> {
  const words = written.filter(
    ({ received: { event } }) => event.contract === 'widget' && event.text.trim() !== '',
  );
  const optIns = words.filter(asksForTexts);
  await wantImports(
    client,
    words.filter((each) => !optIns.includes(each)).map((each) => wantedImport(each, context)),
  );
  await writeNotes(client, optIns.map(optInNote));
}

/**
 * A word that opts in: as an imported message it would look like a text of the phone itself, and opt in whoever's
 * phone somebody has typed. One that may be an answer does that only to who has opted out.
 */
function asksForTexts({ received, block }: WrittenWords): boolean {
  const { said } = messageOf(received);
  return said?.wish === 'opt_in' && (!said.mayAnswer || block !== undefined);
}

function wantedImport(
  { received, wasOpen }: WrittenWords,
  { auditHash }: Pick<ReceiveContext, 'auditHash'>,
): WantedImport {
  const { event, receivedAt } = received;
  const { phone, locationUid, optOut } = messageOf(received);
  const { eventId, name, text: body } = event;
  const reopen = !wasOpen && optOut === null;
  return {
    eventId,
    phone,
    phoneHash: auditHash(phone),
    locationUid,
    name,
    body,
    writtenAt: receivedAt,
    reopen,
  };
}

function optInNote({ received }: WrittenWords) {
  const { phone, locationUid } = messageOf(received);
  const day = received.receivedAt.toISOString().slice(0, 10);
  return {
    key: `opt_in_typed:${phone}:${locationUid}:${day}`,
    ...{ phone, locationUid, workflowId: null, conversationUid: null, body: typedOptInNote(), close: false },
  };
}

type CustomersMessage = Extract<JudgedEvent['verdict'], { kind: 'customer_message' }>;

const messageOf = ({ verdict }: JudgedEvent) => verdict as CustomersMessage;
