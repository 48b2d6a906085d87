/**
 * Every state of the widget: axe finds nothing in it in any theme, it fits a narrow screen, and what a screen reader
 * is told is kept as a snapshot.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { findInaccessible, useBrowser } from './support/browser';
import { contentOf } from './support/file-contents';
import { takePicture } from './support/pictures';
import type { Widget } from './support/widget';
import { answerMessages, replies, startStage, type Stage, type Staging } from './support/widget-stage';

const browser = useBrowser();
let stage: Stage;
beforeAll(async () => {
  stage = await startStage(browser);
});
afterAll(() => stage.close());

const JANE = { name: 'Jane Citizen', phone: '0412 345 678', message: 'Can I book a test drive?' };
const picture = { name: 'car.png', mimeType: 'image/png', buffer: contentOf('png', 300_000) };
const program = { name: 'setup.exe', mimeType: 'application/x-msdownload', buffer: contentOf('exe', 1000) };

const pageOf = (widget: Widget) => widget.page as Page;
const contextOf = (widget: Widget): BrowserContext => pageOf(widget).context();

interface State extends Staging {
  name: string;
  /** Brings the widget, which is closed at first, into this state. */
  show: (widget: Widget) => Promise<unknown>;
  /** What the browser tells of it. */
  trouble?: RegExp[];
}

const open = (widget: Widget) => widget.open();
const begun = async (widget: Widget) => {
  await widget.open();
  await widget.begin(JANE);
  await widget.hasSent(1);
};
/** A chat in which the store has said something. */
const answered = async (widget: Widget) => {
  await replies(contextOf(widget), { open: true, optedOut: false }, [
    { from: 'robot', name: 'Virtual assistant', text: 'Hi, and thanks for contacting us! What is it about?' },
    { from: 'person', name: null, text: 'Hi Jane, this is Kim. Saturday at ten?', file: true },
    { from: 'robot', name: null, text: null, private: true },
  ]);
  await begun(widget);
  await widget.log.getByText('Saturday at ten?').waitFor();
};

const STATES: State[] = [
  { name: 'the launcher', show: (widget) => widget.launcher.waitFor() },
  {
    name: 'the launcher with replies that nobody has seen',
    show: async (widget) => {
      await widget.open();
      await answerMessages(contextOf(widget), async (route) => {
        await replies(contextOf(widget), { open: true, optedOut: false }, [
          { from: 'person', name: null, text: 'Hello!' },
        ]);
        await widget.button('close').click();
        await route.fulfill({ status: 202, json: { status: 'accepted', opted_out: false } });
      });
      await widget.begin(JANE);
      await pageOf(widget).getByRole('button', { name: 'New replies: 1' }).waitFor();
    },
  },
  {
    name: 'the mark of a page that names no store',
    attributes: '',
    trouble: [/status of 400/, /ERR_WEBCHAT_002/],
    show: (widget) => pageOf(widget).locator('podium-webchat .mark').waitFor(),
  },
  {
    name: 'a server that is away',
    trouble: [/net::ERR/],
    show: async (widget) => {
      await pageOf(widget).route('**/widget/config*', (route) => route.abort());
      await pageOf(widget).reload();
      await widget.launcher.click();
      await pageOf(widget).getByText('Chat is not available').waitFor();
    },
  },
  { name: 'the form', show: open },
  {
    name: 'the form with errors',
    show: async (widget) => {
      await widget.open();
      await widget.submit({ name: 'J'.repeat(300), phone: '0412', message: '' });
      await widget.panel.getByRole('heading', { level: 3 }).waitFor();
    },
  },
  {
    name: 'a message that is nearly too long',
    show: async (widget) => {
      await widget.open();
      await widget.write({ message: 'x'.repeat(1990) });
      await widget.panel.getByText('Characters left: 10').waitFor();
    },
  },
  {
    name: 'the number asked back',
    show: async (widget) => {
      await widget.open();
      await widget.submit(JANE);
      await widget.question();
    },
  },
  {
    name: 'the question about a landline',
    show: async (widget) => {
      await widget.open();
      await widget.submit({ ...JANE, phone: '(02) 5550 0123' });
      await widget.question();
    },
  },
  {
    name: 'sending',
    show: async (widget) => {
      await answerMessages(contextOf(widget), () => undefined);
      await widget.open();
      await widget.begin(JANE);
    },
  },
  {
    name: 'queued while offline',
    trouble: [/net::ERR/],
    show: async (widget) => {
      await begun(widget);
      await contextOf(widget).setOffline(true);
      await answerMessages(contextOf(widget), (route) => route.abort('internetdisconnected'));
      await widget.add('From a tunnel');
      await widget.log.getByText('You are offline').waitFor();
    },
  },
  {
    name: 'a server that fails',
    trouble: [/status of 503/],
    show: async (widget) => {
      await answerMessages(contextOf(widget), (route) => route.fulfill({ status: 503, json: {} }));
      await widget.open();
      await widget.begin(JANE);
      await widget.button('retry').waitFor();
    },
  },
  {
    name: 'a server that asks to wait',
    trouble: [/status of 429/],
    show: async (widget) => {
      await answerMessages(contextOf(widget), (route) =>
        route.fulfill({ status: 429, headers: { 'retry-after': '30' }, json: {} }),
      );
      await widget.open();
      await widget.begin(JANE);
      await widget.log.getByText('30 seconds').waitFor();
    },
  },
  { name: 'a message that is sent', show: begun },
  { name: 'replies', show: answered },
  {
    name: 'a conversation that has ended',
    show: async (widget) => {
      await replies(contextOf(widget), { open: false, optedOut: false }, []);
      await begun(widget);
      await widget.panel.getByText('This conversation has ended').waitFor();
    },
  },
  {
    name: 'a customer who has opted out',
    show: async (widget) => {
      await replies(contextOf(widget), { open: true, optedOut: true }, []);
      await begun(widget);
      await widget.panel.getByText('send START from that phone').waitFor();
    },
  },
  {
    name: 'files chosen, and one that is not taken',
    show: async (widget) => {
      await widget.open();
      await widget.attach(picture, program);
      await widget.panel.getByText('is not a type of file').waitFor();
    },
  },
  {
    name: 'a file on its way',
    show: async (widget) => {
      await widget.open();
      await answerMessages(contextOf(widget), () => undefined);
      await widget.attach(picture);
      await widget.begin({ ...JANE, message: '' });
      await widget.log.getByRole('progressbar').waitFor();
    },
  },
  {
    name: 'a file that the server refuses',
    trouble: [/status of 415/, /ERR_WEBCHAT_015/],
    show: async (widget) => {
      const error = { code: 'ERR_WEBCHAT_015', message: 'No.', hint: 'Another type.' };
      await answerMessages(contextOf(widget), (route) => route.fulfill({ status: 415, json: { error } }));
      await widget.open();
      await widget.attach(picture);
      await widget.begin({ ...JANE, message: '' });
      await widget.log.getByText('is not a type of file').waitFor();
    },
  },
  {
    name: 'the question whether to forget the chat',
    show: async (widget) => {
      await begun(widget);
      await widget.button('forget').click();
    },
  },
  { name: 'the form in Spanish', language: 'es', show: open },
  { name: 'replies in Spanish', language: 'es', show: answered },
  { name: 'the form in French', language: 'fr', show: open },
  { name: 'replies in French', language: 'fr', show: answered },
  {
    name: 'the form in a page that runs from right to left',
    page: { html: 'lang="ar" dir="rtl"' },
    show: open,
  },
];

describe.each(STATES)('$name', ({ show, trouble = [], ...staging }) => {
  test('is for everyone', async () => {
    browser.expectTrouble(...trouble);
    const widget = await stage.set(staging);
    const page = pageOf(widget);
    await show(widget);
    expect(await readOut(page)).toMatchSnapshot();
    expect(await findInaccessible(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await findInaccessible(page, ['color-contrast'])).toEqual([]);
    await page.setViewportSize({ width: 320, height: 256 }); // a screen of 1280 by 1024 at 400 %
    expect(await cutOff(page)).toEqual([]);
  });
});

/** What a screen reader is told, without what differs from one version of Chromium to the next. */
async function readOut(page: Page): Promise<string> {
  const all = await page.locator('podium-webchat').ariaSnapshot();
  return all
    .replaceAll(/^ *- option "[^"]* \+\d+"\n/gm, '') // the other countries
    .replaceAll('\u202f', ' ')
    .replaceAll(/(.)\1{20,}/g, '$1…$1');
}

/** What stands beyond the left or the right edge of the screen. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const { shadowRoot } = document.querySelector('podium-webchat');
    return [...shadowRoot.querySelectorAll('button, input, textarea, select, p, h2, h3, li')]
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ element, box }) => box.width > 1 && !element.closest('.unseen'))
      .filter(({ box }) => box.left < 0 || box.right > innerWidth)
      .map(({ element, box }) => element.outerHTML.slice(0, 80) + ' ' + box.left + ' to ' + box.right);
  })()`);
}

describe('the keyboard', () => {
  test.each([
    ['the form', open],
    ['the conversation', answered],
  ])('shows where it is in %s, at 400 %% as well', async (_, show) => {
    const widget = await stage.set({ viewport: { width: 320, height: 256 } });
    const page = pageOf(widget);
    await show(widget);
    const seen: string[] = [];
    for (let steps = 0; steps < 10; steps++) {
      const before = await page.screenshot();
      await page.keyboard.press('Tab');
      const where = await focusedControl(page);
      if (where === null) break;
      seen.push(where.what);
      expect({ ...where, looksDifferent: !before.equals(await page.screenshot()) }).toEqual({
        what: where.what,
        onScreen: true,
        looksDifferent: true,
      });
    }
    expect(seen.length).toBeGreaterThan(3);
  });

  test('stays in a panel that fills the window, either way round', async () => {
    const widget = await stage.set({ viewport: { width: 320, height: 640 } });
    const page = pageOf(widget);
    await widget.open();
    expect(await page.getByRole('dialog').getAttribute('aria-modal')).toBe('true');
    for (const key of [...Array<string>(12).fill('Tab'), ...Array<string>(14).fill('Shift+Tab')]) {
      await page.keyboard.press(key);
      expect(await focusedControl(page)).not.toBeNull();
    }
    await page.setViewportSize({ width: 900, height: 900 });
    await page.locator('[role=dialog]:not([aria-modal])').waitFor();
  });

  /** What has the focus in the widget, and whether it can be seen; null outside of it. */
  function focusedControl(page: Page): Promise<{ what: string; onScreen: boolean } | null> {
    return page.evaluate(`(() => {
      const { shadowRoot } = document.querySelector('podium-webchat');
      const { activeElement } = shadowRoot;
      if (!activeElement) return null;
      const { left, top, width, height } = activeElement.getBoundingClientRect();
      const at = shadowRoot.elementFromPoint(left + width / 2, Math.max(1, top + Math.min(height, innerHeight) / 2));
      return {
        what: activeElement.id || activeElement.getAttribute('aria-label') || activeElement.textContent,
        onScreen: activeElement.contains(at) || at?.contains(activeElement) === true,
      };
    })()`);
  }
});

test('a page changes words while the panel is open, or before the file has come', async () => {
  const widget = await stage.set({});
  const page = pageOf(widget);
  await widget.open();
  await page.evaluate(`document.querySelector('podium-webchat').texts = { send: 'Off it goes' }`);
  await page.getByRole('button', { name: 'Off it goes' }).waitFor();
  await page.evaluate(`(() => {
    const before = document.querySelector('podium-webchat');
    const element = before.cloneNode();
    Object.defineProperty(element, 'texts', { value: { launcher: 'Ask us' }, configurable: true });
    before.replaceWith(element);
  })()`);
  await page.getByRole('button', { name: 'Ask us' }).waitFor();
});

test('nothing moves for who wants no motion', async () => {
  const widget = await stage.set({ reducedMotion: 'reduce' });
  await widget.open();
  const moving = await pageOf(widget).evaluate(
    `document.querySelector('podium-webchat').shadowRoot.getAnimations().map(({ effect }) => effect.getTiming().duration)`,
  );
  expect(moving).toEqual([]);
});

test('with the colors of the system, every control has an edge', async () => {
  const widget = await stage.set({ forcedColors: 'active' });
  const edgeless = () =>
    pageOf(widget).evaluate(`(() => {
      const { shadowRoot } = document.querySelector('podium-webchat');
      const hasEdge = (element) => Number.parseFloat(getComputedStyle(element).borderTopWidth) > 0;
      return [...shadowRoot.querySelectorAll('.launcher, .panel, button.primary, input:not([type=file]), textarea')]
        .filter((element) => element.offsetParent !== null || element.matches('.launcher, .panel'))
        .filter((element) => !hasEdge(element) && !hasEdge(element.parentElement))
        .map(({ outerHTML }) => outerHTML.slice(0, 80));
    })()`);
  await widget.launcher.waitFor();
  expect(await edgeless()).toEqual([]);
  await widget.open();
  expect(await edgeless()).toEqual([]);
});

test('in a page that runs from right to left it stands at the left, and numbers run as they do', async () => {
  const widget = await stage.set({ page: { html: 'lang="ar" dir="rtl"' } });
  const box = await widget.launcher.boundingBox();
  expect(box!.x).toBeLessThan(200);
  await widget.open();
  expect(await widget.field('phone_label').getAttribute('dir')).toBe('ltr');
});

describe('pictures of the docs', () => {
  const narrow = { width: 360, height: 660 };
  const wide = { width: 860, height: 600 };

  test.each([
    ['widget-form-narrow-light', narrow, 'light', open],
    ['widget-replies-narrow-dark', narrow, 'dark', answered],
    ['widget-replies-wide-light', wide, 'light', answered],
    ['widget-form-wide-dark', wide, 'dark', open],
  ] as const)('%s', async (name, viewport, colorScheme, show) => {
    const widget = await stage.set({ page: '/demo/northside-motors', viewport, colorScheme });
    await show(widget);
    await takePicture(pageOf(widget), name);
  });
});
