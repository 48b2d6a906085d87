/** Looks at our webhooks at Podium. Started by a schedule; what is found stands in the store, for the servers to show. */
import { podiumFor } from './calls';

export async function webhookCheck(): Promise<void> {
  await podiumFor('', 'audit').checkWebhooks();
}
