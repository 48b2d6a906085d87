/** Looks at our webhooks at Podium. Started by a schedule; what is found stands in the store, for the servers to show. */
import { NEEDED_SCOPES } from '../core/webhooks';
import { podiumFor } from './calls';

/** A call that cannot be made by then is left to the next check: that one would wait behind this for ever else. */
const PATIENCE_MS = 600_000;

export async function webhookCheck(): Promise<void> {
  const podium = podiumFor('', 'audit', PATIENCE_MS);
  const scopes: string[] = [];
  for (const scope of NEEDED_SCOPES) if (await podium.hasScope(scope)) scopes.push(scope);
  await podium.checkWebhooks(scopes);
}
