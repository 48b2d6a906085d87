/**
 * When a list need not be read any further. Nobody says in which order Podium lists, and no call takes a
 * time from which on it is to begin: a page has to show by itself that nothing but older things follow.
 */
import type { PodiumConversation } from './api';

/** Whether what follows a page with these times is older than `since`: it goes from new to old, and has come so far. */
export function olderFollow(times: (Date | null)[], since: Date): boolean {
  const known = times.flatMap((time) => time?.getTime() ?? []);
  return isDescending(known) && known.at(-1)! < since.getTime();
}

/**
 * The same for conversations, by their last item or by their last change. A page that is in the order of
 * creation as well shows nothing: behind it an old conversation may have come to life again.
 */
export function unchangedFollow(page: PodiumConversation[], since: Date): boolean {
  if (isDescending(page.flatMap(({ createdAt }) => createdAt?.getTime() ?? []))) return false;
  return (['lastItemAt', 'updatedAt'] as const).some((key) =>
    olderFollow(
      page.map((conversation) => conversation[key]),
      since,
    ),
  );
}

/** Whether the conversation may have got a message since then. What has no time may have. */
export function hasChanged({ lastItemAt, updatedAt }: PodiumConversation, since: Date): boolean {
  const at = lastItemAt ?? updatedAt;
  return at === null || at >= since;
}

/** Falls, and never rises: equal times alone are no order. */
function isDescending(times: number[]): boolean {
  return times[0]! > times.at(-1)! && times.every((time, i) => i === 0 || time <= times[i - 1]!);
}
