/** How many chats wait for a person of a store, and for how long, as `/metrics` tells it. */
import type { Registry } from 'prom-client';
import { isQuietAt } from '../core/robot';
import type { Settings } from '../core/settings';
import type { WaitingChats } from '../store/waiting-chats';
import { addCountsGauge } from './counts-gauge';
import { COUNTS_MS } from './database-metrics';
import { shared } from './shared';

const HOURS = ['open', 'quiet'] as const;

/** @param quietHours nobody is at work then, and nobody is to be called */
export function addWaitingChatMetrics(
  registry: Registry,
  read: () => Promise<WaitingChats[]>,
  quietHours: Settings['quiet_hours'],
): void {
  const readOnce = shared(read, COUNTS_MS);
  const gauge = (name: string, help: string, figure: (chats: WaitingChats[]) => number) =>
    addCountsGauge(
      registry,
      {
        name: `podium_webchat_waiting_chats${name}`,
        help: `${help}, by whether their store has its quiet hours now.`,
        labelNames: ['hours'],
        known: HOURS.map((hours) => ({ hours })),
      },
      async () => {
        const chats = await readOnce();
        const now = new Date();
        const isQuiet = ({ locationUid }: WaitingChats) => isQuietAt(quietHours, locationUid, now);
        return HOURS.map((hours) => ({
          labels: { hours },
          value: figure(chats.filter((chat) => isQuiet(chat) === (hours === 'quiet'))),
        }));
      },
    );
  gauge('', 'Chats that wait for a person of their store', (chats) =>
    chats.reduce((sum, { count }) => sum + count, 0),
  );
  gauge('_oldest_seconds', 'How long the first of the chats has waited that wait for a person', (chats) =>
    Math.max(0, ...chats.map(({ oldestSeconds }) => oldestSeconds)),
  );
}
