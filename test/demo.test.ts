/** The demo's pages in a real Chromium: what they show, and under which policies. */
import type { Page } from 'playwright-core';
import { findInaccessible, useBrowser } from './support/browser';
import { takePicture } from './support/pictures';
import { startSystem, type System } from './support/system';
import { Widget } from './support/widget';

const browser = useBrowser();
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

const url = (path: string) => system.serverUrls[0] + path;

let visitors = 0;

/** The demo as somebody sees it who is at it. The page draws their number of a hundred; here no two get the same. */
async function openDemo() {
  const visitor = await browser.newVisitor({ viewport: { width: 1400, height: 860 } });
  await visitor.addInitScript(`Math.random = () => ${(visitors++ + 0.5) / 99}`);
  const page = await visitor.newPage();
  await page.goto(url('/demo'));
  return {
    page,
    widget: new Widget(page.frameLocator('#shop')),
    phone: page.getByRole('list', { name: 'Text messages' }),
    inbox: page.getByRole('list', { name: 'Conversation with notes' }),
    status: page.locator('#status'),
    /** The number that the page offers. */
    number: () => page.locator('#number').innerText(),
    write: async (label: string, text: string) => {
      const field = page.getByRole('textbox', { name: label });
      await field.fill(text);
      await field.press('Enter');
    },
  };
}

test('one chat from all sides: the widget, the phone, the agent, the operator', async () => {
  const { page, widget, phone, inbox, status, number, write } = await openDemo();
  await widget.open();
  await widget.begin({ name: 'Jane Citizen', phone: await number(), message: 'Can I book a test drive?' });
  await phone.getByText('thanks for contacting Northside Motors').waitFor();
  await inbox.getByText('Can I book a test drive?').waitFor();
  expect(await inbox.getByText('Can I book a test drive?').innerText()).toContain('on the website');
  expect(await phone.getByText('Can I book a test drive?').count()).toBe(0);
  await status.getByText('active').waitFor();
  await page.getByText(/^(19:\d\d|20:00)$/).waitFor();
  await page.getByText(/^(27:\d\d|28:00)$/).waitFor();

  await widget.add('1');
  await widget.log.getByText('Please tell us your name').waitFor();
  await write('Reply as the agent', 'Hi Jane, this is Kim. Saturday at ten?');
  await widget.log.getByText('Saturday at ten?').waitFor();
  await phone.getByText('Saturday at ten?').waitFor();
  await page.getByText('A person has taken over').waitFor();

  await write('Text message', 'Ten is fine');
  await inbox.getByText('Ten is fine').waitFor();
  await write('Reply as the agent', 'See you then!');
  await phone.getByText('See you then!').waitFor();
  await widget.log.getByText('We sent you a text message with the details.').waitFor();
  await system.isQuiet();
  await takePicture(page, 'demo', 250_000);
});

test('STOP: it says that nothing is texted any more, and START brings the texts back', async () => {
  const { page, widget, phone, inbox, status, number } = await openDemo();
  await widget.open();
  await widget.begin({ phone: await number(), message: 'Hello' });
  await phone.getByText('thanks for contacting').waitFor();
  await page.getByRole('button', { name: 'Text STOP' }).click();
  await page.getByText('Opted out: no store texts this phone.').waitFor();
  await status.getByText('opted out').waitFor();
  await widget.panel.getByText('send START from that phone').waitFor();
  await widget.add('Is anybody there?');
  await inbox.getByText('Is anybody there?').waitFor();
  expect(await page.getByText('The reply comes').count()).toBe(0);
  await page.getByRole('button', { name: 'Text START' }).click();
  await page.getByText('Opted out: no store texts this phone.').waitFor({ state: 'hidden' });
});

test('two stores in two countries, each with its own customer; and another customer knows nothing', async () => {
  const { page, widget, inbox, number } = await openDemo();
  await widget.open();
  await widget.begin({ phone: await number(), message: 'About a car' });
  await inbox.getByText('About a car').waitFor();
  await page.getByText('Bayview Outfitters (US)').click();
  await inbox.getByText('About a car').waitFor({ state: 'detached' });
  expect(await number()).toMatch(/^\(415\) 555-01/);
  await widget.open();
  await widget.panel.getByRole('heading', { name: 'Message Bayview Outfitters' }).waitFor();
  await widget.begin({ phone: await number(), message: 'About a tent' });
  await inbox.getByText('About a tent').waitFor();
  await page.reload();
  await inbox.getByText('About a tent').waitFor();

  await page.getByRole('button', { name: 'Another customer' }).click();
  await inbox.getByText('About a tent').waitFor({ state: 'detached' });
  await widget.open();
  await widget.field('phone_label').waitFor();
});

test('the last message delivered again counts for nothing', async () => {
  const { page, widget, inbox, number } = await openDemo();
  await widget.open();
  await widget.begin({ phone: await number(), message: 'Only once' });
  await inbox.getByText('Only once').waitFor();
  await system.isQuiet();
  await page.getByRole('button', { name: 'Deliver again, 3 times at once' }).click();
  await page.getByText(/was answered: 200 duplicate, 200 duplicate, 200 duplicate/).waitFor();
  await system.isQuiet();
  expect(await inbox.getByText('Only once').count()).toBe(1);
});

describe('every page', () => {
  test.each(['/demo', '/demo/northside-motors', '/demo/bayview-outfitters', '/demo/plain'])(
    '%s is for everyone, narrow and wide, light and dark',
    async (path) => {
      const page = await browser.open(url(path));
      await page.getByRole('button', { name: 'Message us' }).or(page.locator('#number')).first().waitFor();
      expect(await findInaccessible(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await findInaccessible(page, ['color-contrast'])).toEqual([]);
      await page.setViewportSize({ width: 320, height: 640 });
      if (path !== '/demo/plain') expect(await overflow(page)).toBe(0); // its source has long lines
    },
  );

  test('has a policy that allows no other origin, no inline script or style, and no text as a script', async () => {
    for (const path of ['/demo', '/demo/northside-motors', '/demo/plain']) {
      const policy = (await fetch(url(path))).headers.get('content-security-policy')!;
      expect(policy).toMatch(/^default-src 'none'; script-src 'self';/);
      expect(policy).toMatch(/require-trusted-types-for 'script'; trusted-types 'none'/);
      expect(policy.replace(system.simulator.url, '')).not.toMatch(/unsafe|http|\*/);
    }
  });
});

/** By how much a page is wider than the screen. */
function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
}

test('the plainest page shows its own source, and the widget works in it', async () => {
  const page = await browser.open(url('/demo/plain'));
  const source = await page.locator('pre').innerText();
  expect(source).toMatch(/^<!doctype html>/);
  expect(source).toMatch(
    /<script src="\/widget\/podium-webchat.js" data-location-uid="[\w-]+" defer><\/script>/,
  );
  const widget = await new Widget(page).open();
  await widget.begin({ phone: '0412 340 151', message: 'From the plainest page' });
  await widget.hasSent(1);
});
