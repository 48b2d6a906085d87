/** How reconciliation looks: which stretch of time, in relation to how often it does. */
import type { Settings } from './settings';

export interface LookRules {
  /** Younger messages are left to the next look: their webhook may be on its way. Ms, as all here. */
  graceMs: number;
  /** A look begins so far before the end of the last one, for lists that move while they are read. */
  overlapMs: number;
  /** How far the first look goes back, from when the location was first on the list. */
  firstLookMs: number;
  /** No look goes back farther: the inbox may have forgotten what it has dealt with by then. */
  longestMs: number;
}

export function lookRules({ reconciliation, webhook }: Settings): LookRules {
  const intervalMs = reconciliation.interval_seconds * 1000;
  return {
    graceMs: intervalMs / 20,
    overlapMs: intervalMs / 2,
    firstLookMs: reconciliation.first_look_seconds * 1000,
    longestMs: webhook.replay_window_seconds * 1000,
  };
}
