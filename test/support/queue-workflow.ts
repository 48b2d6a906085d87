/** A workflow that asks for many calls of Podium at once, by the ways of the product. */
import { podiumFor, type PRIORITY } from '../../workflows/calls';

export interface WantedCall {
  use: keyof typeof PRIORITY;
  locationUid: string;
  /** What the activity is told. */
  id: string;
}

export async function wantCalls(calls: WantedCall[]): Promise<void> {
  await Promise.all(calls.map(({ use, locationUid, id }) => podiumFor(locationUid, use).postNote(id)));
}
