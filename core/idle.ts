/** The idle time of a session: since when nobody said a word, and what is due when. All times in ms since 1970. */
import type { SessionMessage, SessionPolicy } from './session';

export interface IdleDeadlines {
  /** The one prompt of this idle time. */
  promptAt: number;
  /** The close. With it due, there is no prompt any more. */
  closeAt: number;
}

/**
 * Since when the session is idle once a person's message was handled at `now`: since it was written or
 * received, whichever is earlier, and never earlier than before. A message that is already past the prompt
 * when it is handled counts from its handling, or else its writer would be prompted, or closed out, at once.
 */
export function idleSinceAfter(
  idleSince: number,
  message: Pick<SessionMessage, 'at' | 'receivedAt'>,
  policy: Pick<SessionPolicy, 'idleWarnSeconds'>,
  now: number,
): number {
  const spokenAt = Math.min(message.at, message.receivedAt, now);
  const pastPrompt = now - spokenAt >= policy.idleWarnSeconds * 1000;
  return Math.max(idleSince, pastPrompt ? now : spokenAt);
}

/** For how many seconds nobody has said a word at `now`. */
export const idleSeconds = (idleSince: number, now: number): number =>
  Math.max(0, Math.floor((now - idleSince) / 1000));

/** What is due when, for a session that is idle since then. */
export function idleDeadlines(
  idleSince: number,
  policy: Pick<SessionPolicy, 'idleWarnSeconds' | 'idleCloseSeconds'>,
): IdleDeadlines {
  return {
    promptAt: idleSince + policy.idleWarnSeconds * 1000,
    closeAt: idleSince + policy.idleCloseSeconds * 1000,
  };
}
