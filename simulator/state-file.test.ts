import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { podiumCaller, refresh } from '../test/support/podium-caller';
import { NORTHSIDE, startSimulator } from '../test/support/simulator';
import { startWebhookReceiver } from '../test/support/webhook-receiver';

const PHONE = '+61412345678';
let folder: string;
let stateFile: string;
let started: { stop(): Promise<void> }[];

beforeEach(() => {
  started = [];
  folder = mkdtempSync(join(tmpdir(), 'simulator-'));
  stateFile = join(folder, 'state.json');
});
afterEach(async () => {
  await Promise.all(started.map((simulator) => simulator.stop()));
  rmSync(folder, { recursive: true });
});

/** Stopped after the test, if the test has not done so itself. */
async function start(options: Parameters<typeof startSimulator>[0] = {}) {
  const simulator = await startSimulator({ stateFile, ...options });
  started.push(simulator);
  return simulator;
}

test('conversations and contacts outlive a restart', async () => {
  const first = await start();
  const podium = await podiumCaller(first.url);
  const { conversation_uid } = await first.customerWrites({
    phone: PHONE,
    location_uid: NORTHSIDE,
    body: 'Hi',
  });
  await podium('POST', '/v4/contacts', { name: 'Jane', phoneNumber: PHONE, locations: [NORTHSIDE] });
  const before = await first.state();
  await first.stop();

  const second = await start();
  expect(await second.state()).toEqual(before);
  const again = await second.customerWrites({ phone: PHONE, location_uid: NORTHSIDE, body: 'Hi again' });
  expect(again.conversation_uid).toBe(conversation_uid);
  await second.stop();
  expect(readdirSync(folder)).toEqual(['state.json']);
});

test('what waits for the webhook is delivered after a restart, to its new address', async () => {
  const first = await start({ webhook: { url: 'http://127.0.0.1:9/', secret: 'old' } });
  const { event_uid } = await first.customerWrites({ phone: PHONE, location_uid: NORTHSIDE, body: 'Hi' });
  await first.stop();

  const receiver = await startWebhookReceiver();
  const second = await start({ webhook: { url: receiver.url, secret: 'new' } });
  await second.until('the delivery', async () => receiver.posts.length > 0);
  expect(receiver.posts[0]!.json.metadata.eventUid).toBe(event_uid);
  receiver.stop();
});

test('a new refresh token is kept before it is given away', async () => {
  const first = await start({ contract: 'skill' });
  const { body } = await refresh(first.url);
  const afterCrash = join(folder, 'after-crash.json');
  copyFileSync(stateFile, afterCrash);
  const second = await start({ stateFile: afterCrash, contract: 'skill' });
  expect((await refresh(second.url, body.refresh_token)).status).toBe(200);
});

test('a file that cannot be read is named, and nothing is overwritten', async () => {
  writeFileSync(stateFile, '{"half');
  await expect(start()).rejects.toThrow(stateFile);
  expect(readFileSync(stateFile, 'utf8')).toBe('{"half');
});
