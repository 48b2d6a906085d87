/** The widget's real files and texts, and a server whose answers a test makes up: so it is brought into any state. */
import type { BrowserContext, BrowserContextOptions, Page, Route } from 'playwright-core';
import type { WidgetLanguage } from '../../core/widget-texts';
import { built } from '../../embedded/paths';
import type { SessionTools } from '../../ops/sessions';
import type { TestBrowser } from './browser';
import { createTestDatabase } from './database';
import { NORTHSIDE } from './received';
import { startReceiver } from './receiver';
import { embed, openShopPage, type ShopPage } from './shop-page';
import { Widget } from './widget';

/** A reply as the stream of replies brings it, at a time of the frozen clock. */
export interface StagedReply {
  from: 'robot' | 'person';
  name?: string | null;
  text: string | null;
  file?: boolean;
  private?: boolean;
}

export interface Staging extends BrowserContextOptions {
  language?: WidgetLanguage;
  /** What differs from a plain page, or the path of one of the demo's. */
  page?: Partial<ShopPage> | string;
  /** Attributes of the embed; those of the store without. */
  attributes?: string;
}

/** When it is on every page of the stage: what is shown of times is the same in each run. */
const NOW = '2026-03-02T01:30:00Z';
/** Nobody looks at the demo's own page here. */
const DEMO = {
  simulatorUrl: 'http://127.0.0.1:9',
  temporalUiUrl: null,
  idleWarnSeconds: 0,
  idleCloseSeconds: 0,
};
const ACCEPTED = { status: 202, json: { status: 'accepted', opted_out: false } };

export async function startStage(browser: TestBrowser): Promise<Stage> {
  const database = await createTestDatabase();
  const receiver = await startReceiver(database.pool, (parts) => ({
    ...parts,
    widget: parts.widget && { ...parts.widget, publicUrl: null, scripts: built('widget') },
    demo: { tools: {} as SessionTools, locations: () => [], page: DEMO },
  }));
  return new Stage(browser, receiver.url, async () => {
    await receiver.close();
    await database.drop();
  });
}

export class Stage {
  constructor(
    private readonly browser: TestBrowser,
    readonly url: string,
    readonly close: () => Promise<void>,
  ) {}

  /** A page with the widget, closed, whose server takes every message and has no replies. */
  async set({ language, page = {}, attributes, ...options }: Staging = {}): Promise<Widget> {
    const visitor = await this.browser.newVisitor({ timezoneId: 'Australia/Sydney', ...options });
    await visitor.clock.setFixedTime(NOW);
    await answerMessages(visitor, (route) => route.fulfill(ACCEPTED));
    await replies(visitor, { open: true, optedOut: false }, []);
    const shop = await this.open(visitor, page, attributes ?? attributesOf(language));
    return new Widget(shop, language);
  }

  private async open(
    visitor: BrowserContext,
    page: Partial<ShopPage> | string,
    attributes: string,
  ): Promise<Page> {
    const head = embed(this.url, attributes);
    if (typeof page === 'object') return openShopPage(visitor, { url: `${this.url}/a-shop`, head, ...page });
    const shop = await visitor.newPage();
    await shop.goto(this.url + page);
    return shop;
  }
}

function attributesOf(language: WidgetLanguage | undefined): string {
  return `data-location-uid="${NORTHSIDE}"${language === undefined ? '' : ` data-language="${language}"`}`;
}

/** What the server does with messages and files from now on. */
export async function answerMessages(
  place: BrowserContext | Page,
  answer: (route: Route) => Promise<void> | void,
): Promise<void> {
  await place.route(/\/widget\/(messages|attachments)$/, answer);
}

/** What the stream of replies says from now on, each time that it is asked: the state, and replies. */
export async function replies(
  place: BrowserContext | Page,
  { open, optedOut }: { open: boolean; optedOut: boolean },
  said: StagedReply[],
): Promise<void> {
  const events = [
    { type: 'state', data: { opted_out: optedOut, open, began: true } },
    ...said.map((reply, n) => ({
      type: 'reply',
      data: { id: `reply-${n}`, at: NOW, name: null, file: false, ...reply },
    })),
  ];
  const body = events
    .map(({ type, data }, n) => `id: ${n}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`)
    .join('');
  const once = { contentType: 'text/event-stream', body };
  let asked = 0;
  await place.route('**/widget/replies*', (route) =>
    asked++ === 0 ? route.fulfill(once) : route.fulfill({ status: 204 }),
  );
}
