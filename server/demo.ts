/** `/demo`: pages to try it all on, with the Podium simulator. Served only where a simulator is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Router from '@koa/router';
import { z } from 'zod';
import type { Location } from '../core/events';
import { showSession, type SessionTools } from '../ops/sessions';
import { isOptedOut } from '../store/opt-out-states';
import { latestWebsiteCustomer } from '../store/website-customers';
import { HTTP_FAILURES, Refusal } from './errors';

/** Beside this file in the sources, and copied beside it by the build. */
const FILES = join(__dirname, 'demo');
/** The stores of the simulator that have a website here. */
const SHOPS = new Map([
  ['9e000000-0000-4000-8000-000000000001', 'northside-motors'],
  ['9e000000-0000-4000-8000-000000000002', 'bayview-outfitters'],
]);
/** All that any page of ours needs. The widget works under it, as the docs say. */
const STRICT =
  "default-src 'none'; script-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
const SHOP_POLICY = `${STRICT}; connect-src 'self'; style-src 'self'; frame-ancestors 'self'`;
const PLAIN_POLICY = `${STRICT}; connect-src 'self'; frame-ancestors 'none'`;

const sessionQuery = z.object({ location_uid: z.string(), since: z.coerce.date() });

export interface DemoDependencies {
  tools: SessionTools;
  locations: () => Location[];
  /** What the page has to know. */
  page: {
    simulatorUrl: string;
    /** Of the namespace in Temporal's Web UI; null where there is none. */
    temporalUiUrl: string | null;
    idleWarnSeconds: number;
    idleCloseSeconds: number;
  };
}

export function demoRoutes(deps: DemoDependencies): Router {
  const router = new Router();
  pageRoutes(router, deps.page.simulatorUrl);

  router.get('/demo/config', (ctx) => {
    const served = deps.locations().filter(({ uid, archived }) => SHOPS.has(uid) && !archived);
    const stores = served.map((store) => ({ ...store, page: `/demo/${SHOPS.get(store.uid)}` }));
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { ...deps.page, stores, now: new Date().toISOString() };
  });

  // Whoever wrote last on the store's website since a time, and how their session is.
  router.get('/demo/session', async (ctx) => {
    const asked = sessionQuery.safeParse(ctx.query);
    if (!asked.success) throw new Refusal(400, HTTP_FAILURES.invalid);
    const { location_uid: uid, since } = asked.data;
    const phone = await latestWebsiteCustomer(deps.tools.pool, uid, since);
    const [session, optedOut] = phone
      ? await Promise.all([showSession(deps.tools, phone, uid), isOptedOut(deps.tools.pool, phone)])
      : [null, false];
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { phone, session, opted_out: optedOut };
  });
  return router;
}

function pageRoutes(router: Router, simulatorUrl: string): void {
  const demoPolicy = `${STRICT}; connect-src 'self' ${simulatorUrl}; style-src 'self'; frame-src 'self'; frame-ancestors 'none'`;
  const serve = (path: string, policy: string, type: string, content: string) =>
    router.get(path, (ctx) => {
      ctx.type = type;
      ctx.set({
        'Cache-Control': 'no-cache',
        'Content-Security-Policy': policy,
        'X-Content-Type-Options': 'nosniff',
      });
      ctx.body = content;
    });
  serve('/demo', demoPolicy, 'html', read('index.html'));
  for (const name of SHOPS.values()) serve(`/demo/${name}`, SHOP_POLICY, 'html', read(`${name}.html`));
  serve('/demo/plain', PLAIN_POLICY, 'html', withItsSource(read('plain.html')));
  for (const file of ['demo.css', 'shop.css', 'demo.js', 'calls.js', 'threads.js'])
    serve(`/demo/${file}`, STRICT, file, read(file));
}

function read(file: string): string {
  return readFileSync(join(FILES, file), 'utf8');
}

/** A page that shows its own source in the place of a comment. */
function withItsSource(page: string): string {
  const [before = '', after = ''] = page.split('      <!-- source -->\n');
  const source = (before + after).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `${before}      <pre>${source}</pre>\n${after}`;
}
