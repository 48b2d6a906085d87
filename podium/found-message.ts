/** An event made of a message in Podium's list, as if its webhook had brought it. */
import { createHash } from 'node:crypto';
import { failure } from '../core/error-codes';
import { foundEventId, UNCLEAR_MESSAGE, type PodiumEvent, type Verdict } from '../core/events';
import { quarantined } from '../core/verdict';
import type { ConversationMessage } from './api';
import { PODIUM_VERSION } from './call';
import { readEvent } from './webhook-event';
import { isObject } from './wire';

const UNCLEAR = failure('ERR_WHK_013');
const TYPE = { inbound: 'message.received', outbound: 'message.sent', unknown: UNCLEAR_MESSAGE };

/** The conversation that the message stands in, as Podium's list of conversations shows it. */
interface Place {
  uid: string;
  /** As the conversation itself says. */
  locationUid: string | null;
  channel: string | null;
  identifier: string | null;
}

export interface FoundMessage {
  event: PodiumEvent;
  verdict: Verdict;
  /** The event in the published shape. */
  raw: Buffer;
}

/**
 * Reads and judges a listed message as its webhook's event would be; what it does not say of itself, the
 * conversation says. A message is a customer's only when it says so, and has a uid and a time by which
 * it is known for new. What is unclear goes to quarantine, where an opt-out counts all the same.
 */
export function foundMessage(
  message: ConversationMessage & { raw: unknown },
  place: Place,
  judge: (event: PodiumEvent) => Verdict,
): FoundMessage {
  const data = withPlace(message.raw, place);
  const isClear = message.uid !== null && message.at !== null;
  const type = isClear ? TYPE[message.direction] : UNCLEAR_MESSAGE;
  const name = message.uid ?? createHash('sha256').update(JSON.stringify(data)).digest('hex');
  const write = (eventType: string) => {
    const eventUid = foundEventId(type === UNCLEAR_MESSAGE ? `unclear:${name}` : name);
    return Buffer.from(JSON.stringify({ data, metadata: { eventType, eventUid, version: PODIUM_VERSION } }));
  };
  const read = readEvent(write(type === UNCLEAR_MESSAGE ? TYPE.inbound : type));
  const event = { ...read.event, eventType: type };
  const verdict = read.ok ? judge(event) : quarantined(read.failure);
  return { event, verdict: type === UNCLEAR_MESSAGE ? inDoubt(verdict) : verdict, raw: write(type) };
}

function withPlace(raw: unknown, place: Place) {
  const message = isObject(raw) ? raw : {};
  const conversation = isObject(message['conversation']) ? message['conversation'] : {};
  const channel = isObject(conversation['channel']) ? conversation['channel'] : {};
  const location = isObject(message['location']) ? message['location'] : {};
  return {
    ...message,
    conversation: {
      ...conversation,
      uid: conversation['uid'] ?? place.uid,
      channel: {
        type: channel['type'] ?? place.channel,
        identifier: channel['identifier'] ?? place.identifier,
      },
    },
    location: { ...location, uid: location['uid'] ?? place.locationUid },
  };
}

function inDoubt(verdict: Verdict): Verdict {
  if (verdict.kind !== 'customer_message') return verdict;
  return { ...verdict, kind: 'quarantined', failure: UNCLEAR };
}
