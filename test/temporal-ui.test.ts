/** An operator before Temporal's Web UI, in a real browser. The pictures in the docs are made here: `PICTURES=1`. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT } from '../embedded/paths';
import { useBrowser } from './support/browser';
import { executions, storedHistory } from './support/histories';
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

const WINDOW = { viewport: { width: 1280, height: 860 } };

const browser = useBrowser();
let system: System;
beforeAll(async () => {
  system = await startSystem({ temporalUi: true });
});
afterAll(() => system.stop());
beforeEach(() => browser.allowCookies()); // the Web UI has one of its own

/** Phones 555-0140 and on belong to nobody. */
let nextPhone = 140;

/** A chat in which the first question is answered, and the second one waits. */
async function openSession(): Promise<{ phone: string; page: string }> {
  const phone = `+14155550${nextPhone++}`;
  const write = (body: string) => system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body });
  await write('Can I book a test drive?');
  await system.hears(1, phone);
  await write('1');
  await system.hears(2, phone);
  await system.isQuiet();
  const id = system.workflowId(phone);
  const { runId } = await system.client.workflow.getHandle(id).describe();
  return { phone, page: `${system.temporalUi}/workflows/${encodeURIComponent(id)}/${runId}` };
}

async function picture(page: Page, name: string): Promise<void> {
  if (process.env['PICTURES'] !== '1') return;
  await page.waitForTimeout(1_000); // for what moves into its place
  await page.screenshot({ path: join(ROOT, 'docs/pictures', `temporal-${name}.png`) });
}

/** Waits until a text can be seen, be it in one of the frames in which the UI shows what somebody has written. */
const seen = (page: Page, text: string | RegExp) =>
  system.eventually(`${text} to be seen`, async () => {
    for (const frame of page.frames())
      if ((await frame.getByText(text).filter({ visible: true }).count()) > 0) return true;
    return false;
  });

/** Fills in the dialog of a signal or an update, and submits it. @returns the dialog, which stays while it has a complaint */
async function submit(page: Page, kind: 'signal' | 'update', name: string, input: string) {
  const shown = (id: string) => page.locator(`[data-testid="${kind}-${id}"]:visible`);
  await page.getByRole('button', { name: 'More Actions' }).click();
  await shown('button').click();
  await shown('select-button').click();
  await page.getByRole('option', { name, exact: true }).first().click();
  const editor = page.locator('.cm-content[contenteditable=true]:visible');
  await editor.fill(input);
  await editor.blur(); // it grows then, and would push the button away under a click
  const dialog = shown('confirmation-modal');
  await dialog.getByRole('button', { name: 'Submit' }).click();
  return dialog;
}

/** Sends one that is taken: the dialog goes. */
async function send(...what: Parameters<typeof submit>): Promise<void> {
  await (await submit(...what)).waitFor({ state: 'hidden' });
}

/** Waits until a customer's session is closed. */
const closedAs = (reason: string, phone: string) =>
  system.eventually(`the session to be closed as ${reason}`, async () => {
    const { rows } = await system.pool.query<{ close_reason: string }>(
      'select close_reason from sessions where phone_e164 = $1',
      [phone],
    );
    return rows[0]?.close_reason === reason;
  });

test('sessions are listed by status and store', async () => {
  const { phone } = await openSession();
  const query = `WebchatStatus="active" AND WebchatLocation="${NORTHSIDE}"`;
  const page = await browser.open(
    `${system.temporalUi}/workflows?query=${encodeURIComponent(query)}`,
    WINDOW,
  );
  await seen(page, system.workflowId(phone));
  expect(await page.innerText('body')).not.toContain(phone);
  await picture(page, 'list');
  await page.goto(
    `${system.temporalUi}/workflows?query=${encodeURIComponent(query.replace('active', 'warned'))}`,
  );
  await seen(page, /^0 Workflows/);
});

test('a session shows what it is about, whom it waits for and until when, and what its calls are for', async () => {
  const { phone, page: address } = await openSession();
  const page = await browser.open(`${address}/user-metadata`, WINDOW);
  await seen(page, `Chat with …${phone.slice(-2)} at Northside Motors`);
  await seen(page, /waiting for the customer’s answer to “name”/);
  await seen(page, /Without a word: prompt at .* UTC, close at .* UTC\./);
  await seen(page, 'Topic: Sales');
  await seen(page, 'until a prompt or a close may be due');
  await seen(page, 'what is known of this customer');
  await picture(page, 'details');
});

test('the customer’s words are decoded for who has the right, and stored encrypted', async () => {
  const { phone, page: address } = await openSession();
  const page = await browser.open(`${address}/history`, WINDOW);
  await seen(page, `"${phone}"`);
  await page.getByText('Workflow Execution Signaled').last().click();
  await seen(page, /Can I book a test drive\?/);
  await page
    .getByText(/Can I book a test drive\?/)
    .filter({ visible: true })
    .last()
    .scrollIntoViewIfNeeded();
  await picture(page, 'session');
  const [execution] = await executions(system.client, `WorkflowId = "${system.workflowId(phone)}"`);
  const stored = JSON.stringify(await storedHistory(system.client, execution!));
  for (const secret of ['test drive', phone, 'Northside Motors', 'what is known of this customer']) {
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(Buffer.from(secret).toString('base64').slice(0, -4));
  }
});

test('without a right token nothing is decoded, and nothing is shown', async () => {
  const { phone, page: address } = await openSession();
  const page = await browser.open(address, WINDOW);
  browser.expectTrouble(/401/);
  // As the dialog behind the glasses at the top right keeps it.
  const endpoint = JSON.stringify(`${system.serverUrls[0]}/codec/a-token-of-nobody`);
  await page.evaluate(`localStorage.setItem('endpoint', ${JSON.stringify(endpoint)})`);
  await page.evaluate(`localStorage.setItem('overrideRemoteCodecConfiguration', 'true')`);
  for (const [tab, there] of [
    ['history', 'Workflow Execution Started'],
    ['user-metadata', 'Decoding failed'],
  ] as const) {
    await page.goto(`${address}/${tab}`);
    await seen(page, there);
    await seen(page, 'Codec Server could not connect');
    const words = await page.innerText('body');
    for (const secret of [phone, 'Chat with', 'test drive']) expect(words).not.toContain(secret);
  }
});

test('forceClose is sent from the dialog, encoded, and closes the session', async () => {
  const { phone, page: address } = await openSession();
  const page = await browser.open(`${address}/history`, WINDOW);
  await send(page, 'signal', 'forceClose', '{"actor": "kim", "reason": "the customer rang"}');
  await closedAs('forced', phone);
  const [execution] = await executions(system.client, `WorkflowId = "${system.workflowId(phone)}"`);
  expect(JSON.stringify(await storedHistory(system.client, execution!))).not.toContain('the customer rang');
});

test('optOut is sent from the dialog, and nothing is sent to the customer any more', async () => {
  const { phone, page: address } = await openSession();
  const page = await browser.open(`${address}/history`, WINDOW);
  await send(page, 'signal', 'optOut', '{"actor": "kim", "reason": "asked on the phone"}');
  await closedAs('opted_out', phone);
  const { rows } = await system.pool.query('select opted_out, source from opt_outs where phone_e164 = $1', [
    phone,
  ]);
  expect(rows).toEqual([{ opted_out: true, source: 'operator' }]);
});

test('the update `close` is sent from the dialog, which waits until the session is closed', async () => {
  const { phone, page: address } = await openSession();
  const page = await browser.open(`${address}/history`, WINDOW);
  await send(page, 'update', 'close', '{"actor": "kim", "reason": "the store is closing"}');
  await closedAs('forced', phone);
});

test('an update of the wrong shape is refused in its dialog, which says what it needs', async () => {
  const { page: address } = await openSession();
  const page = await browser.open(`${address}/history`, WINDOW);
  const dialog = await submit(page, 'update', 'close', '{"reason": "nobody wants it"}');
  await seen(page, /A close needs/);
  expect(await dialog.isVisible()).toBe(true);
  await page.goto(`${address}/user-metadata`);
  await seen(page, /waiting for the customer’s answer/);
});

test('signals of the wrong shape from the dialog are refused, and the session says so and goes on', async () => {
  const { phone, page: address } = await openSession();
  const page = await browser.open(`${address}/history`, WINDOW);
  await send(page, 'signal', 'optOut', '"now"');
  await send(page, 'signal', 'forceClose', '{"actor": 5}');
  await page.goto(`${address}/user-metadata`);
  await seen(page, /2 signal\(s\) refused for their shape, the last one: forceClose/);
  await seen(page, /waiting for the customer’s answer/);
  await system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body: 'Jane Citizen' });
  await system.hears(3, phone);
});
