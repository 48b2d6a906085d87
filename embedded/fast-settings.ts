/** Settings in which a minute lasts a second. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { loadSettings } from '../config/load';

export const FAST = 60;

/**
 * Writes a settings file that says what `own` says, with session timings, the refresh and the schedules divided. The
 * windows of the webhook and Podium's own 5 s stay, since others count on them.
 * @param own the path of the settings file in use; null for the shipped settings alone
 */
export function writeFastSettings(own: string | null, path: string): void {
  const { session, locations, optout, webhook, reconciliation } = loadSettings(own);
  const kept = own === null ? {} : ((parse(readFileSync(own, 'utf8')) ?? {}) as Record<string, object>);
  const settings = {
    ...kept,
    session: {
      ...kept['session'],
      idle_warn_seconds: session.idle_warn_seconds / FAST,
      idle_close_seconds: session.idle_close_seconds / FAST,
      podium_expiry_seconds: session.podium_expiry_seconds / FAST,
      reply_within_seconds: session.reply_within_seconds / FAST,
    },
    optout: {
      ...kept['optout'],
      mirror_retry_seconds: optout.mirror_retry_seconds / FAST,
      audit_interval_seconds: optout.audit_interval_seconds / FAST,
    },
    webhook: {
      ...kept['webhook'],
      check_interval_seconds: webhook.check_interval_seconds / FAST,
    },
    locations: {
      ...kept['locations'],
      refresh_interval_seconds: locations.refresh_interval_seconds / FAST,
    },
    reconciliation: {
      ...kept['reconciliation'],
      interval_seconds: reconciliation.interval_seconds / FAST,
      first_look_seconds: reconciliation.first_look_seconds / FAST,
    },
  };
  writeFileSync(path, stringify(settings));
}
