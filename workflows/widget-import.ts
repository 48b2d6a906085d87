/** Brings what a customer has written in the widget into Podium's inbox. Its arguments are ids; nobody waits for it. */
import { podiumFor } from './calls';

export async function widgetImport({
  importId,
  locationUid,
}: {
  importId: string;
  locationUid: string;
}): Promise<void> {
  await podiumFor(locationUid, 'import').importMessage(importId);
}
