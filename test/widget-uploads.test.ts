/** Files in the widget: checked before a byte leaves the browser, and what becomes of them on the way. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JSHandle, Page } from 'playwright-core';
import { useBrowser } from './support/browser';
import { contentOf } from './support/file-contents';
import { openNarrowLine } from './support/narrow-line';
import { startSystem, type System } from './support/system';
import { Widget, type GivenFile } from './support/widget';

/** In the browser. */
declare const ClipboardEvent: new (type: string, init: object) => Event;

const MAX = 26_214_400;

const browser = useBrowser();
let system: System;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podium-webchat-uploads-'));
  system = await startSystem();
});
afterAll(async () => {
  await system.stop();
  await rm(folder, { recursive: true, force: true });
});

const picture: GivenFile = { name: 'car.png', mimeType: 'image/png', buffer: contentOf('png', 300_000) };

/** The form, with all but the file. */
async function formOf(phone: string, options = {}): Promise<Widget> {
  const page = await browser.open(`${system.serverUrls[0]}/demo/northside-motors`, options);
  const widget = await new Widget(page).open();
  await widget.write({ phone });
  return widget;
}
const pageOf = (widget: Widget) => widget.page as Page;

/** A file of this machine, since large ones don't go through the browser's control. */
async function onDisk(name: string, content: Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** Puts files into the page as the system does with a drop or a paste. */
function transferOf(widget: Widget, { name, mimeType, buffer }: GivenFile): Promise<JSHandle> {
  const file = JSON.stringify({ name, mimeType, size: buffer.length });
  return pageOf(widget).evaluateHandle(`(() => {
    const { name, mimeType, size } = ${file};
    const start = ${JSON.stringify([...buffer.subarray(0, 64)])};
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(start), new Uint8Array(size - start.length)], name, { type: mimeType }));
    return transfer;
  })()`);
}

/** The sizes of the files that the store has of a customer. */
async function stored(phone: string): Promise<number[]> {
  const { rows } = await system.pool.query<{ size_bytes: string }>(
    `select size_bytes from files where phone_e164 = $1 and status = 'kept' order by received_at`,
    [phone],
  );
  return rows.map(({ size_bytes }) => Number(size_bytes));
}

test('one byte more than 25 MiB: it is said with both sizes, and nothing leaves the browser', async () => {
  const widget = await formOf('0412 340 141');
  const asked: string[] = [];
  pageOf(widget).on('request', (request) => asked.push(request.method()));
  const path = await onDisk('huge.png', contentOf('png', MAX + 1));
  await widget.panel.locator('input[type=file]').first().setInputFiles(path);
  await widget.panel.getByText('huge.png is 25.1 MB. A file can be up to 25 MB.').waitFor();
  await widget.button('send').click();
  expect(await widget.errorAt('message_label')).toMatch(/write a message or attach a file/);
  expect(asked.filter((method) => method === 'POST')).toEqual([]);
});

test('exactly 25 MiB goes', async () => {
  const widget = await formOf('0412 340 142');
  const path = await onDisk('large.png', contentOf('png', MAX));
  await widget.panel.locator('input[type=file]').first().setInputFiles(path);
  await widget.begin({});
  await widget.hasSent(1);
  expect(await stored('+61412340142')).toEqual([MAX]);
});

test.each([
  ['a program', 'setup.exe', 'application/x-msdownload', contentOf('exe', 500), /not a type of file/],
  ['an empty file', 'empty.png', 'image/png', Buffer.alloc(0), /is empty/],
])('%s is not taken', async (_, name, mimeType, buffer, words) => {
  const widget = await formOf('0412 340 143');
  await widget.attach({ name, mimeType, buffer });
  await widget.panel.getByText(words).waitFor();
  expect(await widget.panel.getByRole('list', { name: 'Attached files' }).count()).toBe(0);
});

test('a program that is called a picture is refused by the server, and told at the file', async () => {
  browser.expectTrouble(/status of 415/, /ERR_WEBCHAT_015/);
  const widget = await formOf('0412 340 144');
  await widget.attach({ ...picture, name: 'trick.png', buffer: contentOf('exe', 500) });
  await widget.begin({ message: 'Look at this.' });
  await widget.log.getByText('trick.png is not a type of file').waitFor();
  await widget.hasSent(1);
  expect(await stored('+61412340144')).toEqual([]);
});

test('several at once, each on its way once; of a sixth it is said that there may be five', async () => {
  const widget = await formOf('0412 340 145');
  const five = Array.from({ length: 5 }, (_, n) => ({ ...picture, name: `car-${n}.png` }));
  await widget.attach(...five, { ...picture, name: 'car-5.png' });
  await widget.panel.getByText('You can attach up to 5 files').waitFor();
  await widget.panel.getByRole('button', { name: 'Remove car-4.png' }).click();
  await widget.begin({ message: 'Four pictures.' });
  await widget.hasSent(5);
  expect(await stored('+61412340145')).toHaveLength(4);
});

test('dropped and pasted', async () => {
  const widget = await formOf('0412 340 146');
  const dropped = await transferOf(widget, { ...picture, name: 'dropped.png' });
  await widget.panel.dispatchEvent('dragover', { dataTransfer: dropped });
  await widget.panel.getByText('Drop files here').waitFor();
  await widget.panel.dispatchEvent('drop', { dataTransfer: dropped });
  await widget.panel.getByText('dropped.png').waitFor();
  const pasted = await transferOf(widget, { ...picture, name: 'pasted.png' });
  await widget
    .field('message_label')
    .evaluate(
      (field, clipboardData) =>
        field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, composed: true })),
      pasted,
    );
  await widget.panel.getByText('pasted.png').waitFor();
  await widget.begin({});
  await widget.hasSent(2);
  expect(await stored('+61412340146')).toEqual([300_000, 300_000]);
});

test('the progress is shown, and an upload may be cancelled', async () => {
  const path = await onDisk('film.png', contentOf('png', MAX));
  const line = await openNarrowLine(system.serverUrls[0]!, 1_000_000);
  try {
    const page = await browser.open(`${line.url}/demo/northside-motors`);
    const widget = await new Widget(page).open();
    await widget.panel.locator('input[type=file]').first().setInputFiles(path);
    await widget.begin({ phone: '0412 340 147', message: 'Wait for the film.' });
    const progress = widget.log.getByRole('progressbar', { name: 'Uploading film.png' });
    await widget.log.getByText(/^[1-9]\d?%$/).waitFor();
    await widget.log.getByRole('button', { name: 'Cancel uploading film.png' }).click();
    await progress.waitFor({ state: 'detached' });
    expect(await widget.log.getByText('film.png').count()).toBe(0);
    await widget.hasSent(1);
    await page.close();
  } finally {
    await line.close();
  }
  await system.isQuiet();
  expect(await stored('+61412340147')).toEqual([]);
});

test('an upload that breaks off is tried again, also after a reload, and comes in once', async () => {
  browser.expectTrouble(/net::ERR_/);
  const widget = await formOf('0412 340 148');
  await pageOf(widget).route('**/widget/attachments', (route) => route.abort());
  await widget.attach(picture);
  await widget.begin({ message: 'With a picture.' });
  await widget.log.getByRole('button', { name: 'Upload car.png again' }).waitFor();
  await pageOf(widget).unroute('**/widget/attachments');
  await pageOf(widget).reload();
  await widget.open();
  await widget.hasSent(2);
  expect(await stored('+61412340148')).toEqual([300_000]);
});

test('a phone offers its camera', async () => {
  const widget = await formOf('0412 340 149', { hasTouch: true, isMobile: true });
  const camera = widget.panel.locator('input[type=file][capture=environment]');
  expect(await camera.getAttribute('accept')).toMatch(/^image\/jpeg,image\/png/);
  await widget.button('camera').waitFor();
  await camera.setInputFiles(picture);
  await widget.panel.getByText('car.png').waitFor();
});
