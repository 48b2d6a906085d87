/** The widget when something goes wrong on the way: nothing that was written is lost, and nothing is sent twice. */
import type { BrowserContext, Page, Route } from 'playwright-core';
import { useBrowser } from './support/browser';
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';
import { Widget } from './support/widget';

const browser = useBrowser();
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

const MESSAGES = '**/widget/messages';
const shopUrl = () => `${system.serverUrls[0]}/demo/northside-motors`;
/** What the browser itself says of a request that did not come through. */
const NO_NETWORK = /net::ERR_/;

async function tabOf(visitor: BrowserContext): Promise<Widget> {
  const page = await visitor.newPage();
  await page.goto(shopUrl());
  return new Widget(page).open();
}
const pageOf = (widget: Widget) => widget.page as Page;

/** The customer's own messages in Podium's inbox, once nothing is on its way any more; by their time, as Podium shows them. */
async function received(phone: string): Promise<string[]> {
  await system.isQuiet();
  const conversation = await system.simulator.conversation(phone, NORTHSIDE);
  return (conversation?.messages ?? [])
    .filter(({ direction }) => direction === 'inbound')
    .sort((one, other) => one.at.localeCompare(other.at))
    .map(({ body }) => body);
}

test('offline and back: what is written waits, and goes once', async () => {
  browser.expectTrouble(NO_NETWORK);
  const visitor = await browser.newVisitor();
  const widget = await tabOf(visitor);
  await widget.begin({ phone: '0412 340 121', message: 'Is this the right store?' });
  await widget.hasSent(1);
  await visitor.setOffline(true);
  await widget.add('I am in a tunnel.');
  await widget.add('Still in it.');
  await widget.panel.getByText('You are offline. This will be sent').first().waitFor();
  expect(await received('+61412340121')).toHaveLength(1);
  await visitor.setOffline(false);
  await widget.hasSent(3);
  expect(await received('+61412340121')).toEqual([
    'Is this the right store?',
    'I am in a tunnel.',
    'Still in it.',
  ]);
});

test('a first message that is written offline goes when the line is back', async () => {
  browser.expectTrouble(NO_NETWORK);
  const visitor = await browser.newVisitor();
  const widget = await tabOf(visitor);
  await widget.field('phone_label').focus();
  await widget.country.getByRole('option', { name: 'New Zealand' }).waitFor({ state: 'attached' });
  await visitor.setOffline(true);
  await widget.begin({ phone: '0412 340 122', message: 'Is this the right store?' });
  await visitor.setOffline(false);
  await widget.hasSent(1);
  expect(await received('+61412340122')).toEqual(['Is this the right store?']);
});

test('a reload: what was typed is there, and so is what was said', async () => {
  const widget = await tabOf(await browser.newVisitor());
  await widget.write({ name: 'Jane', phone: '0412 340 123', message: 'Half a sent' });
  await pageOf(widget).reload();
  await widget.open();
  expect(await widget.field('message_label').inputValue()).toBe('Half a sent');
  expect(await widget.field('name_label').inputValue()).toBe('Jane');
  await widget.begin({ message: 'A whole sentence.' });
  await widget.hasSent(1);
  const [greeting] = await system.hears(1, '+61412340123');
  await widget.log.getByText(greeting!.split('\n')[0]!).waitFor();
  await widget.write({ message: 'And one more' });

  await pageOf(widget).reload();
  await widget.open();
  await widget.log.getByText('A whole sentence.').waitFor();
  await widget.log.getByText(greeting!.split('\n')[0]!).waitFor();
  expect(await widget.field('message_label').inputValue()).toBe('And one more');
  expect(await widget.log.getByRole('listitem').count()).toBe(2);
});

test('a reload before the server was reached: the message goes by itself, once', async () => {
  browser.expectTrouble(NO_NETWORK);
  const widget = await tabOf(await browser.newVisitor());
  await pageOf(widget).route(MESSAGES, (route) => route.abort());
  await widget.begin({ phone: '0412 340 124', message: 'Do not lose me.' });
  await pageOf(widget).unroute(MESSAGES);
  await pageOf(widget).reload();
  await system.hears(1, '+61412340124');
  await widget.open();
  await widget.hasSent(1);
  expect(await received('+61412340124')).toEqual(['Do not lose me.']);
});

test('an answer that is lost: the same message is sent again, and counts once', async () => {
  browser.expectTrouble(NO_NETWORK);
  const widget = await tabOf(await browser.newVisitor());
  const posted: unknown[] = [];
  pageOf(widget).on('request', (request) => {
    if (request.method() === 'POST') posted.push(request.postDataJSON());
  });
  const loseAnswer = async (route: Route) => {
    await route.fetch();
    await route.abort();
  };
  await pageOf(widget).route(MESSAGES, loseAnswer, { times: 1 });
  await widget.begin({ phone: '0412 340 125', message: 'Did you get this?' });
  await widget.hasSent(1);
  expect(await received('+61412340125')).toEqual(['Did you get this?']);
  expect(posted).toHaveLength(2);
  expect(posted[1]).toEqual(posted[0]);
});

test('two tabs: what waits is sent by one of them, and both show the same conversation', async () => {
  browser.expectTrouble(NO_NETWORK);
  const visitor = await browser.newVisitor();
  const [one, other] = [await tabOf(visitor), await tabOf(visitor)];
  let answered = 0; // what is tried offline is not
  visitor.on('response', (response) => {
    if (response.request().method() === 'POST') answered++;
  });
  await one.begin({ phone: '0412 340 126', message: 'From the first tab.' });
  await other.log.getByText('From the first tab.').waitFor();
  const [greeting] = await system.hears(1, '+61412340126');
  for (const tab of [one, other]) await tab.log.getByText(greeting!.split('\n')[0]!).waitFor();

  await visitor.setOffline(true);
  await other.add('From the second one.');
  await other.panel.getByText('You are offline').first().waitFor();
  await visitor.setOffline(false);
  for (const tab of [one, other]) await tab.hasSent(2);
  expect(await received('+61412340126')).toEqual(['From the first tab.', 'From the second one.']);
  expect(answered).toBe(2);
  await system.hears(2, '+61412340126');
  for (const tab of [one, other]) {
    await tab.log.getByRole('listitem').nth(3).waitFor();
    expect(await tab.log.getByRole('listitem').count()).toBe(4);
  }
});

test('a server that has too much to do is asked again when it says so', async () => {
  browser.expectTrouble(/status of 429/);
  const widget = await tabOf(await browser.newVisitor());
  const busy = { status: 429, headers: { 'retry-after': '3' }, json: {} };
  await pageOf(widget).route(MESSAGES, (route) => route.fulfill(busy), { times: 1 });
  const told = widget.panel.getByText(/We will try again in \d seconds/).first();
  // It is looked for while it comes: it stays for three seconds.
  await Promise.all([told.waitFor(), widget.begin({ phone: '0412 340 127', message: 'Quickly!' })]);
  await widget.hasSent(1);
  expect(await received('+61412340127')).toEqual(['Quickly!']);
});

test('the server away: what is written meanwhile comes in, and replies that were missed are shown, once', async () => {
  browser.expectTrouble(NO_NETWORK);
  const widget = await tabOf(await browser.newVisitor());
  await widget.begin({ phone: '0412 340 128', message: 'First.' });
  const [greeting] = await system.hears(1, '+61412340128');
  await widget.log.getByText(greeting!.split('\n')[0]!).waitFor();
  const conversation = await system.simulator.conversation('+61412340128', NORTHSIDE);

  await system.servers[0]!.stop();
  await widget.add('Second.');
  await system.simulator.agentWrites({ conversation_uid: conversation!.uid, body: 'Hi, this is Kim.' });
  await widget.panel.getByRole('button', { name: 'Try again' }).waitFor();
  await system.servers[0]!.start();
  // The widget tries again by itself too, and may be first: then the button is gone.
  await Promise.race([widget.button('retry').click(), widget.hasSent(2)]);
  await widget.hasSent(2);
  await widget.log.getByText('Hi, this is Kim.').waitFor();
  expect(await received('+61412340128')).toEqual(['First.', 'Second.']);
  expect(await widget.log.getByText('Hi, this is Kim.').count()).toBe(1);
  expect(await widget.log.getByText(greeting!.split('\n')[0]!).count()).toBe(1);
});

test('a page that cannot reach the server has a launcher that says so, and works when the server is back', async () => {
  browser.expectTrouble(NO_NETWORK);
  const page = await (await browser.newVisitor()).newPage();
  await page.route('**/widget/config*', (route) => route.abort());
  await page.goto(shopUrl());
  const widget = new Widget(page);
  await widget.launcher.click();
  await page.getByText('Chat is not available').waitFor();
  await page.unroute('**/widget/config*');
  await widget.open();
});
