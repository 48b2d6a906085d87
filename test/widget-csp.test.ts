/** The widget in pages with strict rules, on other origins than the server's, and what it leaves alone. */
import { useBrowser } from './support/browser';
import { contentOf } from './support/file-contents';
import { embed, openShopPage } from './support/shop-page';
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';
import { Widget } from './support/widget';

/** In the browser. */
declare const getComputedStyle: (element: unknown) => Record<'fontSize' | 'position', string>;

const SHOP = 'http://localhost:4321';
const STRANGER = 'http://localhost:4322';

const browser = useBrowser();
let system: System;
beforeAll(async () => {
  system = await startSystem({ settings: { widget: { origins: { [NORTHSIDE]: [SHOP] } } } });
});
afterAll(() => system.stop());

const server = () => system.serverUrls[0]!;
/** The policy that docs/widget.md tells a shop to have. */
const policy = () =>
  `default-src 'none'; script-src ${server()}; connect-src ${server()}; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;
const line = () => embed(server(), `data-location-uid="${NORTHSIDE}"`);

test('it works under the strictest policy, on the origin of a shop', async () => {
  const visitor = await browser.newVisitor();
  const page = await openShopPage(visitor, { url: `${SHOP}/cars`, head: line(), policy: policy() });
  const widget = await new Widget(page).open();
  await widget.begin({ phone: '0412 340 131', message: 'From my own origin.' });
  await widget.attach({ name: 'car.png', mimeType: 'image/png', buffer: contentOf('png', 500) });
  await widget.add('And a picture.');
  await widget.hasSent(3);
  const [greeting] = await system.hears(1, '+61412340131');
  await widget.log.getByText(greeting!.split('\n')[0]!).waitFor();
  expect(await widget.panel.evaluate((panel) => getComputedStyle(panel).position)).toBe('fixed');
});

test('an origin that nobody has allowed gets no chat, and its developer reads which setting it is about', async () => {
  browser.expectTrouble(/status of 403/, /widget\.origins/);
  const page = await openShopPage(await browser.newVisitor(), { url: `${STRANGER}/cars`, head: line() });
  await page.locator('podium-webchat .mark').waitFor();
  await system.eventually('the developer to be told', () =>
    browser.told.some((told) => told.includes('widget.origins')),
  );
});

test('it adds one name to the page, one element, and keeps no cookie', async () => {
  const names = 'Object.getOwnPropertyNames(window)';
  const bare = await openShopPage(await browser.newVisitor(), { url: `${server()}/bare` });
  const before = new Set(await bare.evaluate<string[]>(names));
  const page = await openShopPage(await browser.newVisitor(), { url: `${server()}/a-shop`, head: line() });
  const widget = await new Widget(page).open();
  await widget.begin({ phone: '0412 340 132', message: 'Hello' });
  await widget.hasSent(1);
  const added = (await page.evaluate<string[]>(names)).filter((name) => !before.has(name));
  expect(added.length).toBeLessThanOrEqual(1);
  expect(await page.locator('body > *').count()).toBe(2);
  expect(await page.evaluate('document.cookie')).toBe('');
  const keys = await page.evaluate<string[]>('Object.keys(localStorage)');
  expect(keys.filter((key) => !key.startsWith('podium-webchat:'))).toEqual([]);
});

test("the page's styles and scripts do not reach into it, nor its own out of it", async () => {
  const head = `${line()}<style>* { display: none !important } html, body, main, podium-webchat { display: block !important } button { font-size: 90px }</style>`;
  const page = await openShopPage(await browser.newVisitor(), { url: `${server()}/a-shop`, head });
  const widget = await new Widget(page).open();
  expect(await widget.button('send').isVisible()).toBe(true);
  const size = await widget.button('send').evaluate((button) => getComputedStyle(button).fontSize);
  expect(Number.parseFloat(size)).toBeLessThan(30);
});

test('it is small: nothing but the first script and the config comes before it is opened', async () => {
  const visitor = await browser.newVisitor();
  const asked: string[] = [];
  visitor.on('request', (request) => asked.push(new URL(request.url()).pathname));
  const page = await openShopPage(visitor, { url: `${server()}/a-shop`, head: line() });
  const widget = new Widget(page);
  await widget.launcher.waitFor();
  await page.waitForLoadState('networkidle');
  expect(asked).toEqual(['/a-shop', '/widget/podium-webchat.js', '/widget/config']);
  await widget.open();
  const forPanel = asked.length;
  expect(forPanel).toBeGreaterThan(3);
  await widget.field('phone_label').focus();
  await widget.country.getByRole('option', { name: 'New Zealand' }).waitFor({ state: 'attached' });
  expect(asked.length).toBeGreaterThan(forPanel);
  expect(asked.slice(3).every((path) => /^\/widget\/assets\/.*\.js$/.test(path))).toBe(true);
});
