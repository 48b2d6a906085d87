/** Brings what a customer has written in the widget into Podium's inbox. Its arguments are ids; nobody waits for it. */
import { podiumFor } from './calls';

/** Past that, nobody would look for it as for a new message. */
const SHOWN_WITHIN_MS = 24 * 60 * 60 * 1000;

export async function widgetImport({
  importId,
  locationUid,
}: {
  importId: string;
  locationUid: string;
}): Promise<void> {
  await podiumFor(locationUid, 'import').importMessage(importId);
  await podiumFor(locationUid, 'import', SHOWN_WITHIN_MS).showImport(importId);
}
