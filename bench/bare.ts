/** Names that the bare workflow, its worker and its callers share. */

export const BARE_QUEUE = 'bare-sessions';
export const BARE_CALLS = 'bare-calls';
export const BARE_WORKFLOW = 'bareRoundTrip';
export const BARE_SIGNAL = 'message';

export interface BareActivities {
  /** @returns when it was reached, ms since 1970 */
  arrive(message: unknown): Promise<number>;
}
