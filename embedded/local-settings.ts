/** The settings of a system on this machine: what the settings file in use says, and what only this machine needs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { loadSettings } from '../config/load';

/** A minute lasts a second. */
export const FAST = 60;

type OwnSettings = Record<string, object | undefined>;

/**
 * Writes a settings file that says what `own` says, and keeps files beside the other data of this machine
 * unless `own` names a place for them.
 * @param own the path of the settings file in use; null for the shipped settings alone
 */
export function writeLocalSettings(
  own: string | null,
  { filesFolder, fast }: { filesFolder: string; fast: boolean },
  path: string,
): void {
  const kept = own === null ? {} : ((parse(readFileSync(own, 'utf8')) ?? {}) as OwnSettings);
  const store = { kind: 'folder', path: filesFolder };
  const settings = { ...kept, attachments: { store, ...kept['attachments'] } };
  writeFileSync(path, stringify(fast ? { ...settings, ...faster(own, kept) } : settings));
}

/**
 * Session timings, the refresh and the schedules, divided. The windows of the webhook and Podium's own 5 s stay, since
 * others count on them.
 */
function faster(own: string | null, kept: OwnSettings) {
  const { session, locations, optout, webhook, reconciliation } = loadSettings(own);
  return {
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
}
