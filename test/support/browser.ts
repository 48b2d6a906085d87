/**
 * A real Chromium, one for each test file. After each test it complains of every error that a page has told and
 * the test did not expect: in the console, thrown, against the page's Content-Security-Policy. It also complains of
 * what the widget never does: ask another host, or set a cookie.
 */
import { source as axeSource, type AxeResults, type RunOptions } from 'axe-core';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';
import { provisionChromium } from '../../embedded/provision/chromium';

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=LocalNetworkAccessChecks', // shops of the tests are not on this machine; the server is
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost', // nobody outside is asked
];
/** A page is on this machine, and a busy one may need a while to answer. */
const PATIENCE_MS = 60_000;
/** Of a machine so busy that a server had no connection to its database in time: the widget asks again by itself. */
const BUSY = { text: /the server responded with a status of 503/, url: /\/widget\// };
const OUR_HOSTS = new Set(['127.0.0.1', 'localhost']);
/** WCAG 2.2 AA, and what axe's authors know to be good besides. */
const RULES: RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  rules: { 'target-size': { enabled: true } }, // of WCAG 2.2; off by itself
};

/** Launches the browser of a test file, and ends it behind the last test. Called outside of any test. */
export function useBrowser(): TestBrowser {
  const browser = new TestBrowser();
  beforeAll(() => browser.launch());
  afterEach(() => browser.endVisits());
  afterAll(() => browser.close());
  return browser;
}

export class TestBrowser {
  private browser: Browser | null = null;
  private contexts: BrowserContext[] = [];
  private troubles: string[] = [];
  private expected: RegExp[] = [];
  private cookiesAllowed = false;

  async launch(): Promise<void> {
    this.browser = await chromium.launch({
      executablePath: await provisionChromium(),
      chromiumSandbox: process.getuid?.() !== 0,
      timeout: PATIENCE_MS,
      args: FLAGS,
    });
  }

  async close(): Promise<void> {
    await this.browser?.close();
  }

  /** Somebody's own browser: storage of its own, which all pages of the context share. */
  async newVisitor(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.browser!.newContext({ locale: 'en-AU', ...options });
    this.contexts.push(context);
    context.setDefaultTimeout(PATIENCE_MS);
    context.on('weberror', (error) => this.troubles.push(`thrown: ${error.error().message}`));
    context.on('console', (message) => {
      const isBusy = BUSY.text.test(message.text()) && BUSY.url.test(message.location().url);
      if (message.type() === 'error' && !isBusy) this.troubles.push(`console: ${message.text()}`);
    });
    context.on('request', (request) => {
      const { hostname, protocol } = new URL(request.url());
      if (protocol.startsWith('http') && !OUR_HOSTS.has(hostname))
        this.troubles.push(`asked another host: ${hostname}`);
    });
    return context;
  }

  /** A page in a browser of its own. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await this.newVisitor(options)).newPage();
    await page.goto(url);
    return page;
  }

  /** This test means to have such errors told; a 4xx answer is told as one by the browser itself. */
  expectTrouble(...patterns: RegExp[]): void {
    this.expected.push(...patterns);
  }

  /** What the pages have told so far, expected or not. */
  get told(): readonly string[] {
    return this.troubles;
  }

  /** This test asks for a cookie. */
  allowCookies(): void {
    this.cookiesAllowed = true;
  }

  /** @throws with all that was told in this test and not expected */
  async endVisits(): Promise<void> {
    const { contexts, troubles, expected, cookiesAllowed } = this;
    [this.contexts, this.troubles, this.expected, this.cookiesAllowed] = [[], [], [], false];
    for (const context of contexts) {
      const cookies = cookiesAllowed ? [] : await context.cookies();
      troubles.push(...cookies.map(({ name }) => `set a cookie: ${name}`));
      await context.close();
    }
    const unexpected = troubles.filter((trouble) => !expected.some((pattern) => pattern.test(trouble)));
    if (unexpected.length > 0) throw new Error(`In the browser:\n${unexpected.join('\n')}`);
  }
}

/**
 * What axe finds wrong with the page as it is now, one line each; empty when it is well.
 *
 * @param rules all without
 */
export async function findInaccessible(page: Page, rules?: string[]): Promise<string[]> {
  await page.evaluate(`window.axe || ${axeSource}`);
  const options: RunOptions = rules ? { runOnly: rules } : RULES;
  const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target.join(' ')}: ${failureSummary}`),
  );
}
