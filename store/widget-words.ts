/** What a customer has written in the widget is to stand in Podium's inbox as well, as the customer's message. */
import type { Queryable } from './database';
import type { JudgedEvent, ReceiveContext } from './receive-context';
import { typedOptIn, writeNotes } from './notes';
import type { SendBlock } from './opt-out-states';
import { hasBeenInTouch } from './sessions';
import { traceIdOf } from './trace-id';
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
  const imported: WantedImport[] = [];
  for (const each of words)
    if (!optIns.includes(each) && !(await isStrangersStop(client, each)))
      imported.push(wantedImport(each, context));
  await wantImports(client, imported);
  await writeNotes(
    client,
    optIns.map(({ received }) => ({
      ...typedOptIn({ ...messageOf(received), at: received.receivedAt }),
      traceId: traceIdOf(received.event),
    })),
  );
}

/**
 * A STOP of somebody of whom the store has never heard: it stands in the ledger, and would do no more in Podium than
 * make a contact for whatever phone somebody types.
 */
async function isStrangersStop(client: Queryable, { received }: WrittenWords): Promise<boolean> {
  const { optOut, phone, locationUid } = messageOf(received);
  return optOut !== null && !(await hasBeenInTouch(client, phone, locationUid));
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
  const { phone, locationUid, optOut, said } = messageOf(received);
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
    mayOptIn: said?.wish === 'opt_in',
  };
}

type CustomersMessage = Extract<JudgedEvent['verdict'], { kind: 'customer_message' }>;

const messageOf = ({ verdict }: JudgedEvent) => verdict as CustomersMessage;
