import { Registry } from 'prom-client';
import { addWaitingChatMetrics } from './waiting-chats';

/** All day long. */
const ALWAYS = { from: '00:00', to: '24:00', time_zone: 'UTC' };
const [OPEN, QUIET] = ['9e000000-0000-4000-8000-000000000001', '9e000000-0000-4000-8000-000000000002'];

const CHATS = [
  { locationUid: OPEN, count: 2, oldestSeconds: 700 },
  { locationUid: QUIET, count: 3, oldestSeconds: 9_000 },
];

async function shown(read: () => Promise<typeof CHATS>): Promise<string> {
  const registry = new Registry();
  addWaitingChatMetrics(registry, read, { all: null, locations: { [QUIET]: ALWAYS } });
  return registry.metrics();
}

it('counts the chats of stores in their quiet hours apart, for whom nobody is to be called', async () => {
  const metrics = await shown(async () => CHATS);
  expect(metrics).toContain('podium_webchat_waiting_chats{hours="open"} 2');
  expect(metrics).toContain('podium_webchat_waiting_chats{hours="quiet"} 3');
  expect(metrics).toContain('podium_webchat_waiting_chats_oldest_seconds{hours="open"} 700');
  expect(metrics).toContain('podium_webchat_waiting_chats_oldest_seconds{hours="quiet"} 9000');
});

it('shows zero where none waits, and no figure where it cannot be read', async () => {
  expect(await shown(async () => [])).toContain(
    'podium_webchat_waiting_chats_oldest_seconds{hours="open"} 0',
  );
  const away = await shown(() => Promise.reject(new Error('away')));
  expect(away).toContain('podium_webchat_waiting_chats{hours="open"} Nan');
});
