/** The check of the webhooks at Podium, as the schedule makes it. */
import { ApplicationFailure, log } from '@temporalio/activity';
import { checkWebhooks, summaryOf, type WebhookRules } from '../core/webhook-check';
import type { PodiumApi } from '../podium/api';
import { probeLocation, probeScope, type ReadScope } from '../podium/probe-scopes';
import type { Pool } from '../store/database';
import { listLocations } from '../store/locations';
import { readAccess } from '../store/podium-tokens';
import { liveSecrets, saveWebhookCheck } from '../store/webhooks';
import { callPodium } from './podium-failure';

export interface WebhookCheckDependencies {
  pool: Pool;
  podium: Pick<PodiumApi, 'listWebhooks' | 'findContact' | 'pageOfConversations'>;
  webhookRules: WebhookRules;
}

export type WebhookCheckActivities = ReturnType<typeof createWebhookCheckActivities>;

export function createWebhookCheckActivities({ pool, podium, webhookRules }: WebhookCheckDependencies) {
  return {
    /** Whether Podium has granted a scope: as it has told with the token, else unless one call shows that it has not. */
    async hasScope(scope: ReadScope): Promise<boolean> {
      const told = (await readAccess(pool))?.scopes;
      if (told) return told.includes(scope);
      const store = probeLocation(await listLocations(pool));
      if (!store) throw noLocations();
      return (await callPodium(() => probeScope(podium, scope, store.uid))) !== false;
    },

    /**
     * Compares the webhooks at Podium with what they should be, and keeps what is found for the servers to
     * show. It mends nothing: whoever disabled a webhook may have had a reason.
     */
    async checkWebhooks(scopes: string[]): Promise<void> {
      const webhooks = await callPodium(() => podium.listWebhooks());
      const [stores, servers] = await Promise.all([listLocations(pool), liveSecrets(pool)]);
      if (stores.length === 0) throw noLocations();
      const checkedAt = new Date();
      const situation = { webhooks, stores, scopes, ...servers };
      const findings = checkWebhooks(situation, webhookRules, checkedAt);
      const before = await saveWebhookCheck(pool, { checkedAt, findings });
      tellChange(summaryOf(before ?? []), summaryOf(findings));
    },
  };
}

/** The server reads the list, and may not have begun yet. */
function noLocations(): ApplicationFailure {
  return ApplicationFailure.retryable('No list of locations was read yet.', 'no_locations');
}

/** A line when something has gone wrong or was mended, and none while it stays as it is. */
function tellChange(before: string | null, now: string | null): void {
  if (now === before) return;
  if (now === null) log.info('The webhooks at Podium are as they should be again');
  else
    log.warn('Something is wrong with the webhooks at Podium: see "podium-webchat webhook doctor"', {
      findings: now,
    });
}
