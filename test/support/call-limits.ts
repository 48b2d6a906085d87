import type { CallLimits } from '../../podium/limits';

/** Limits that are kept by one process, and let every call through until Podium pauses its endpoint. */
export function ownLimits(): CallLimits & { pausedUntil: Map<string, number> } {
  const pausedUntil = new Map<string, number>();
  const until = (endpoint: string) => pausedUntil.get(endpoint) ?? 0;
  return {
    pausedUntil,
    share: { patienceMs: 0, take: async () => 0 },
    pauses: {
      remaining: async (endpoint) => Math.max(until(endpoint) - Date.now(), 0),
      async pause(endpoint, ms) {
        const begins = until(endpoint) <= Date.now();
        pausedUntil.set(endpoint, Math.max(until(endpoint), Date.now() + ms));
        return begins;
      },
    },
  };
}
