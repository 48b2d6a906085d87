import { BEGINNINGS } from '../../test/support/file-contents';
import { NORTHSIDE, startSimulator } from '../../test/support/simulator';
import { startWebhookReceiver, type WebhookReceiver } from '../../test/support/webhook-receiver';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await startWebhookReceiver();
  simulator = await startSimulator({ webhook: { url: receiver.url, secret: 'rehearsal' } });
});
afterEach(async () => {
  await simulator.stop();
  receiver.stop();
});

type Files = NonNullable<Parameters<typeof simulator.customerWrites>[0]['attachments']>;

/** Has a customer send these, and gives the event's data. */
async function sent(attachments: Files) {
  await simulator.customerWrites({
    phone: '0412 345 678',
    location_uid: NORTHSIDE,
    body: 'Look',
    attachments,
  });
  const post = await simulator.until('the event', () => Promise.resolve(receiver.posts.at(-1)));
  return post.json.data;
}

test('a file comes as a link that needs no token, with the bytes that were given', async () => {
  const data = await sent([
    { content_type: 'image/png', data_base64: Buffer.from('no picture').toString('base64') },
  ]);
  const [, item] = data.items;
  expect(item).toMatchObject({ type: 'attachment', attachmentContentType: 'image/png' });
  expect(data.attachmentUrl).toBe(item.attachmentUrl);
  const response = await fetch(item.attachmentUrl);
  expect(response.headers.get('content-type')).toBe('image/png');
  expect(await response.text()).toBe('no picture');
});

test('a file given by its size begins as its type does', async () => {
  const data = await sent([{ content_type: 'image/jpeg', size_bytes: 200_000 }]);
  const content = Buffer.from(await (await fetch(data.attachmentUrl)).arrayBuffer());
  expect(content).toHaveLength(200_000);
  expect(content.subarray(0, 4)).toEqual(BEGINNINGS.jpeg.subarray(0, 4));
});

test('a link expires', async () => {
  const { attachmentUrl } = await sent([{ content_type: 'image/png', size_bytes: 10 }]);
  await simulator.set({ file_link_seconds: 0.001 });
  expect((await fetch(attachmentUrl)).status).toBe(410);
  expect((await fetch(`${attachmentUrl}x`)).status).toBe(404);
});

test("the skill contract's event gives the size, and a link only when that is wanted", async () => {
  await simulator.set({ contract: 'skill' });
  const file = { content_type: 'image/png', size_bytes: 10 };
  expect((await sent([file])).attachments).toEqual([{ size_bytes: 10 }]);
  await simulator.set({ skill_file_links: true });
  receiver.posts.length = 0;
  expect((await sent([file])).attachments).toEqual([
    { size_bytes: 10, url: expect.stringMatching('/files/') },
  ]);
});
