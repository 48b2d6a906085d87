import pino from 'pino';
import { ownLimits } from '../test/support/call-limits';
import type { Send } from './api';
import { createPodium } from './client';

it.each<[Send, number]>([
  ['sendMessage', 10_000],
  ['sendAttachment', 60_000],
])('a token prepared for %s outlasts the call that follows', async (send, callMs) => {
  const asked: (number | undefined)[] = [];
  const tokens = {
    current: (forMs?: number) => Promise.resolve(`token ${asked.push(forMs)}`),
    renewed: () => Promise.resolve('another'),
    accepted: () => undefined,
  };
  const podium = createPodium({
    ...{
      contract: 'published',
      apiUrl: 'http://127.0.0.1:1',
      tokens,
      limits: ownLimits(),
      timeoutMs: 10_000,
    },
    logger: pino({ level: 'silent' }),
  });
  await podium.prepare(send);
  expect(asked).toEqual([expect.any(Number)]);
  expect(asked[0]).toBeGreaterThan(callMs);
});
