/** An event of the inbox, read anew from the bytes that were kept. */
import type { Source } from '../core/events';
import { readEvent, type ReadEvent } from './webhook-event';
import { readWidgetEvent } from './widget-message';

/** @param contract of the row: the widget's messages have a shape of their own */
export function readStoredEvent(raw: Buffer, contract: Source): ReadEvent {
  return contract === 'widget' ? { ok: true, event: readWidgetEvent(raw) } : readEvent(raw);
}
