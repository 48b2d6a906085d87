/** The widget in a real Chromium, against the running system: what a customer can do with it. */
import type { Page, Route } from 'playwright-core';
import { useBrowser } from './support/browser';
import { embed, openShopPage } from './support/shop-page';
import { BAYVIEW, NORTHSIDE, NO_COUNTRY } from './support/simulator';
import { startSystem, type System } from './support/system';
import { Widget } from './support/widget';

const browser = useBrowser();
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

const server = () => system.serverUrls[0]!;
const shops: Record<string, string> = {
  [NORTHSIDE]: 'northside-motors',
  [BAYVIEW]: 'bayview-outfitters',
};
const shopUrl = (uid: string) => `${server()}/demo/${shops[uid]}`;

async function widgetAt(uid: string): Promise<Widget> {
  return new Widget(await browser.open(shopUrl(uid))).open();
}

/** The page of a store that has no demo page, in a browser of its own. */
async function pageWith(attributes: string, path = '/a-shop'): Promise<Page> {
  return openShopPage(await browser.newVisitor(), {
    url: server() + path,
    head: embed(server(), attributes),
  });
}

/** What stands in Podium's inbox of a customer (E.164), by its time: the customer's words are brought there by the way. */
async function inboxOf(phone: string, uid = NORTHSIDE) {
  const conversation = await system.simulator.conversation(phone, uid);
  return (conversation?.messages ?? [])
    .sort((one, other) => one.at.localeCompare(other.at))
    .map(({ direction, body }) => `${direction}: ${body}`);
}

/** Requests of a page that brought the server what the customer wrote. */
function countSends(page: Page): { count: number } {
  const sends = { count: 0 };
  page.on('request', (request) => {
    if (request.method() === 'POST') sends.count++;
  });
  return sends;
}

describe.each([
  { place: 'Australia', uid: NORTHSIDE, typed: '0412340101', neat: '0412 340 101', e164: '+61412340101' },
  {
    place: 'the United States',
    uid: BAYVIEW,
    typed: '4155550101',
    neat: '(415) 555-0101',
    e164: '+14155550101',
  },
])('a customer in $place', ({ uid, typed, neat, e164 }) => {
  test('writes a local number, sees it in full, and is answered by text and in the widget', async () => {
    const widget = await widgetAt(uid);
    await widget.field('phone_label').pressSequentially(typed);
    await widget.phoneReads(neat);
    await widget.submit({ name: 'Jane Citizen', message: 'Can I come on Saturday?' });
    expect((await widget.question()).replaceAll(/[ -]/g, '')).toContain(e164);
    await widget.button('send').click();

    const [greeting] = await system.hears(1, e164, uid);
    await widget.hasSent(1);
    await widget.log.getByText(greeting!.split('\n')[0]!).waitFor();
    await widget.add('1');
    const [, next] = await system.hears(2, e164, uid);
    await widget.log.getByText(next!).waitFor();
    await system.eventually('what was written to stand in the inbox', async () => {
      const written = (await inboxOf(e164, uid)).filter((line) => line.startsWith('inbound'));
      return written.length === 2;
    });
    await system.isQuiet();
    const inbox = await inboxOf(e164, uid);
    expect(inbox.filter((line) => line.startsWith('inbound'))).toEqual([
      'inbound: Can I come on Saturday?',
      'inbound: 1',
    ]);
    expect(inbox).toHaveLength(4);
  });
});

test('a number that was typed before the phone rules had arrived is formatted when they have', async () => {
  const page = await (await browser.newVisitor()).newPage();
  const held: Route[] = [];
  await page.route('**/phone-rules-*.js', (route) => void held.push(route));
  await page.goto(shopUrl(NORTHSIDE));
  const widget = await new Widget(page).open();
  await widget.field('phone_label').pressSequentially('0412340119');
  const rules = await system.eventually('the rules to be asked for', () => held[0]);
  expect(await widget.field('phone_label').inputValue()).toBe('0412340119');
  await rules.continue();
  await widget.phoneReads('0412 340 119');
});

test('what becomes of a message is seen though the browser was too busy to draw a frame since the panel was opened', async () => {
  browser.expectTrouble(/net::ERR_/);
  const visitor = await browser.newVisitor();
  const before = await visitor.newPage();
  await before.route('**/widget/messages', (route) => route.abort());
  await before.goto(shopUrl(NORTHSIDE));
  const unsent = await new Widget(before).open();
  await unsent.begin({ phone: '0412 340 151', message: 'Is anybody there?' });
  await before.close();

  const page = await visitor.newPage();
  await page.addInitScript(`{
    const wait = setTimeout;
    requestAnimationFrame = () => 0;
    setTimeout = (work, ms, ...more) => wait(work, ms > 0 && ms < 200 ? 3_600_000 : ms, ...more);
  }`); // who waits for a frame is called after a while all the same
  const widget = new Widget(page);
  await page.route('**/widget/messages', async (route) => {
    await widget.log.getByText('Is anybody there?').waitFor();
    await route.continue();
  });
  await page.goto(shopUrl(NORTHSIDE));
  await widget.launcher.click();
  await widget.hasSent(1);
});

describe('a number that cannot be used', () => {
  test.each([
    ['nothing', '', /enter your mobile number/],
    ['too few digits', '0412 340', /missing or extra digit/],
    ['letters', '1-800-GOT-MILK', /missing or extra digit/],
    ['an extension', '02 5550 0123 ext 4', /extension/],
    ['another country without its code', '(415) 555-0102', /missing or extra digit/],
  ])('%s: it is said at the field and in a summary, and nothing is sent', async (_, phone, words) => {
    const widget = await widgetAt(NORTHSIDE);
    const sends = countSends(widget.page as Page);
    await widget.submit({ phone, message: 'Hello' });
    const summary = widget.panel.getByRole('group', { name: 'Please check these before sending:' });
    await summary.getByRole('button', { name: words }).click();
    expect(await widget.errorAt('phone_label')).toMatch(words);
    expect(await widget.field('phone_label').and(widget.page.locator(':focus')).count()).toBe(1);
    expect(sends.count).toBe(0);
  });

  test.each([
    ['a landline', '(02) 5550 0123', '+61 2 5550 0123', /landline/],
    ['a 1300 number', '1300 550 123', '+61 1300 550 123', /cannot receive texts/],
  ])('%s is asked about, and may be changed', async (_, phone, full, words) => {
    const widget = await widgetAt(NORTHSIDE);
    const sends = countSends(widget.page as Page);
    await widget.submit({ phone, message: 'Do you text this one?' });
    expect(await widget.question()).toMatch(words);
    expect((await widget.question()).replaceAll(/\s/g, ' ')).toContain(full);
    await widget.button('phone_use_another').click();
    expect(await widget.field('message_label').inputValue()).toBe('Do you text this one?');
    expect(sends.count).toBe(0);
    await widget.submit({ phone: '0412 340 103' });
    expect(await widget.question()).toContain('+61 412 340 103');
  });

  test('what the server refuses appears at its field, and nothing that was written is lost', async () => {
    const widget = await widgetAt(NORTHSIDE);
    const refusal = { error: { code: 'ERR_WEBCHAT_001', message: 'No.', hint: '', field: 'phone' } };
    const page = widget.page as Page;
    await page.route('**/widget/messages', (route) => route.fulfill({ status: 400, json: refusal }), {
      times: 1,
    });
    browser.expectTrouble(/status of 400/);
    await widget.submit({ phone: '0412 340 104', message: 'Can you read this?' });
    await widget.question();
    await widget.button('send').click();
    await widget.field('phone_label').waitFor();
    expect(await widget.errorAt('phone_label')).toMatch(/missing or extra digit/);
    expect(await widget.field('message_label').inputValue()).toBe('Can you read this?');
    await widget.submit({ phone: '0412 340 104' });
    await widget.hasSent(1);
  });
});

describe('countries', () => {
  test('a store without one asks for a number with +, and shows whose it is', async () => {
    const widget = new Widget(await pageWith(`data-location-uid="${NO_COUNTRY}"`));
    await widget.open();
    await widget.panel.getByText('Start with + and the country code').waitFor();
    await widget.submit({ phone: '0412 340 105', message: 'Hello' });
    expect(await widget.errorAt('phone_label')).toMatch(/start the number with \+/);
    await widget.field('phone_label').fill('+61412340105');
    expect(await widget.country.inputValue()).toBe('AU');
    await widget.begin({});
    await system.hears(1, '+61412340105', NO_COUNTRY);
  });

  test('the customer changes it: a New Zealander writes to an Australian store', async () => {
    const widget = await widgetAt(NORTHSIDE);
    await widget.field('phone_label').focus();
    await widget.country.selectOption('NZ');
    await widget.submit({ phone: '021 555 0106', message: 'Kia ora' });
    expect(await widget.question()).toContain('+64 21 555 0106');
  });
});

describe('which store', () => {
  test('two of them in one browser do not mix', async () => {
    const visitor = await browser.newVisitor();
    const [one, other] = [await visitor.newPage(), await visitor.newPage()];
    await one.goto(shopUrl(NORTHSIDE));
    await other.goto(shopUrl(BAYVIEW));
    const [northside, bayview] = [await new Widget(one).open(), await new Widget(other).open()];
    await northside.write({ phone: '0412 340 107', message: 'Do you sell cars?' });
    expect(await bayview.field('message_label').inputValue()).toBe('');
    await northside.begin({});
    await bayview.begin({ phone: '(415) 555-0107', message: 'Do you sell tents?' });
    const [greeting] = await system.hears(1, '+61412340107', NORTHSIDE);
    await northside.log.getByText(greeting!.split('\n')[0]!).waitFor();
    await system.hears(1, '+14155550107', BAYVIEW);
    await bayview.log.getByText('Bayview Outfitters').waitFor();

    expect(await northside.log.innerText()).not.toMatch(/Bayview|tents/);
    expect(await bayview.log.innerText()).not.toMatch(/Northside|cars/);
    expect(await inboxOf('+61412340107', BAYVIEW)).toEqual([]);
    expect(await inboxOf('+14155550107', NORTHSIDE)).toEqual([]);
  });

  test.each([
    ['no location', '', /ERR_WEBCHAT_002.*location-uid/],
    ['an unknown location', 'data-location-uid="no-such-store"', /ERR_WEBCHAT_003.*locations list/],
  ])(
    '%s: customers see a plain mark, the developer and the operator are told',
    async (_, attributes, words) => {
      const code = words.source.slice(0, 15);
      const counted = async () => {
        const metrics = await (await fetch(`${server()}/metrics`)).text();
        const lines = metrics.split('\n').filter((line) => line.includes(code));
        return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
      };
      const before = await counted();
      browser.expectTrouble(/status of 400/, words);
      const page = await pageWith(attributes);
      await page.locator('podium-webchat .mark').waitFor();
      expect(await page.locator('podium-webchat').getByRole('button').count()).toBe(0);
      await system.eventually('the developer to be told', () =>
        browser.told.some((told) => words.test(told)),
      );
      expect(await counted()).toBeGreaterThan(before);
    },
  );

  test.each([
    ['the URL', 'data-location-from="url"', `/a-shop?location_uid=${BAYVIEW}`],
    [
      'a parameter of another name',
      'data-location-from="url" data-location-name="shop"',
      `/a-shop?shop=${BAYVIEW}`,
    ],
  ])('%s may say so, where the page allows it', async (_, attributes, path) => {
    const widget = new Widget(await pageWith(attributes, path));
    await widget.open();
    await widget.panel.getByRole('heading', { name: 'Message Bayview Outfitters' }).waitFor();
  });

  test('a cookie may say so, where the page allows it', async () => {
    browser.allowCookies();
    const visitor = await browser.newVisitor();
    await visitor.addCookies([{ name: 'location_uid', value: BAYVIEW, url: server() }]);
    const head = embed(server(), 'data-location-from="cookie"');
    const widget = new Widget(await openShopPage(visitor, { url: `${server()}/a-shop`, head }));
    await widget.open();
    await widget.panel.getByRole('heading', { name: 'Message Bayview Outfitters' }).waitFor();
  });

  test('the URL says nothing where the page does not allow it', async () => {
    browser.expectTrouble(/status of 400/, /ERR_WEBCHAT_002/);
    const page = await pageWith('', `/a-shop?location_uid=${BAYVIEW}`);
    await page.locator('podium-webchat .mark').waitFor();
  });
});

test('an element of a bundled page: the ES module defines it, and the page says its texts', async () => {
  const page = await openShopPage(await browser.newVisitor(), {
    url: `${server()}/a-shop`,
    body: `<podium-webchat location-uid="${NORTHSIDE}" texts='{"intro":"Write to our workshop."}'></podium-webchat>
      <script type="module">
        import { defineWebchat } from '${server()}/widget/podium-webchat.mjs';
        defineWebchat();
      </script>`,
  });
  const widget = await new Widget(page).open();
  await widget.panel.getByText('Write to our workshop.').waitFor();
});

test('STOP is heard: nothing is texted, the widget says how to come back, and START from the phone does', async () => {
  const phone = '+61412340108';
  const widget = await widgetAt(NORTHSIDE);
  await widget.begin({ phone: '0412 340 108', message: 'Can I book a service?' });
  await system.hears(1, phone);
  await widget.add('STOP');
  const note = widget.panel.getByText('send START from that phone');
  await note.waitFor();
  await widget.add('Hello?');
  await widget.hasSent(3);
  await system.isQuiet();
  const texts = await system.textsTo(phone);
  expect(texts).toHaveLength(1);

  await system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body: 'START', webchat: false });
  await system.isQuiet();
  await widget.add('I am back.');
  await note.waitFor({ state: 'detached' });
  await system.hears(2, phone);
});

test('who types the number of somebody else sees nothing of that chat, and nobody what is said to both', async () => {
  const phone = '+61412340109';
  const owner = await widgetAt(NORTHSIDE);
  await owner.begin({ phone: '0412 340 109', message: 'About my red wagon' });
  const [greeting] = await system.hears(1, phone);
  await owner.log.getByText(greeting!.split('\n')[0]!).waitFor();
  const stranger = await widgetAt(NORTHSIDE);
  await stranger.begin({ phone: '0412 340 109', message: 'What did I ask?' });
  await system.hears(2, phone);
  await owner.log.getByText('We sent you a text message with the details.').waitFor();
  await system.isQuiet();
  expect(await stranger.log.getByRole('listitem').count()).toBe(1);
  expect(await stranger.log.innerText()).not.toContain('wagon');
});

test('without a mouse: opened, filled in, sent and closed by keys, and the focus goes where it belongs', async () => {
  const page = await browser.open(shopUrl(NORTHSIDE));
  const widget = new Widget(page);
  const focused = () =>
    page.evaluate<string>(`(() => {
      let element = document.activeElement;
      while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      return element.id || element.getAttribute('aria-label') || element.textContent;
    })()`);
  /** By itself, a moment after what it goes to has come. */
  const focusGoesTo = (what: RegExp) =>
    system.eventually(`the focus on ${what}`, async () => what.test(await focused()));
  const tabTo = async (what: string) => {
    for (let steps = 0; steps < 12 && (await focused()) !== what; steps++) await page.keyboard.press('Tab');
    expect(await focused()).toBe(what);
  };
  await widget.launcher.waitFor();
  await tabTo('Message us');
  await page.keyboard.press('Enter');
  await focusGoesTo(/^title$/);
  await tabTo('name');
  await page.keyboard.type('Jane Citizen');
  await tabTo('phone');
  await page.keyboard.type('0412340110');
  await tabTo('body');
  await page.keyboard.type('Is the white ute still there?');
  await tabTo('Send');
  await page.keyboard.press('Enter');
  await focusGoesTo(/\+61 412 340 110/);
  await tabTo('Send');
  await page.keyboard.press('Enter');
  await widget.hasSent(1);
  await focusGoesTo(/^body$/);
  await page.keyboard.type('I could come today.');
  await page.keyboard.press('Enter');
  await widget.hasSent(2);
  await page.keyboard.press('Escape');
  await widget.panel.waitFor({ state: 'detached' });
  await focusGoesTo(/Message us/);
  await page.keyboard.press('Enter');
  await widget.log.getByText('I could come today.').waitFor();
});

test('a reply that comes while the panel is closed is counted on the launcher', async () => {
  const widget = await widgetAt(NORTHSIDE);
  await widget.begin({ phone: '0412 340 111', message: 'Hello' });
  await widget.hasSent(1);
  await system.hears(1, '+61412340111');
  await widget.log.getByRole('listitem').nth(1).waitFor();
  await widget.button('close').click();
  const conversation = await system.simulator.conversation('+61412340111', NORTHSIDE);
  await system.simulator.agentWrites({ conversation_uid: conversation!.uid, body: 'Hi, this is Kim.' });
  await widget.page.getByRole('button', { name: 'Message us. New replies: 1' }).click();
  await widget.log.getByText('Hi, this is Kim.').waitFor();
});
