/** `/demo`: a page to try it all on, with the Podium simulator. Served only where a simulator is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Router from '@koa/router';
import type { Location } from '../core/events';
import { normalizePhone } from '../core/phone';
import { showSession, type SessionTools } from '../ops/sessions';
import { isOptedOut } from '../store/opt-outs';
import { HTTP_FAILURES, Refusal } from './errors';

/** Beside this file in the sources, and copied beside it by the build. */
const FILES = join(__dirname, 'demo');
const PAGE_FILES = { '/demo': 'index.html', '/demo/demo.css': 'demo.css', '/demo/demo.js': 'demo.js' };

export interface DemoDependencies {
  tools: SessionTools;
  locations: () => Location[];
  findLocation: (uid: string) => Location | undefined;
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
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' ${deps.page.simulatorUrl}`;
  for (const [path, file] of Object.entries(PAGE_FILES)) {
    const content = readFileSync(join(FILES, file), 'utf8');
    router.get(path, (ctx) => {
      ctx.type = file;
      ctx.set('Cache-Control', 'no-cache');
      ctx.set('Content-Security-Policy', policy);
      ctx.body = content;
    });
  }

  router.get('/demo/config', (ctx) => {
    ctx.body = { ...deps.page, stores: deps.locations().filter(({ archived }) => !archived) };
  });

  router.get('/demo/session', async (ctx) => {
    const { phone, location_uid: uid } = ctx.query;
    if (typeof phone !== 'string' || typeof uid !== 'string') throw new Refusal(400, HTTP_FAILURES.invalid);
    const read = normalizePhone(phone, deps.findLocation(uid)?.country ?? null);
    if (!read.ok) throw new Refusal(400, read.failure);
    const [session, optedOut] = await Promise.all([
      showSession(deps.tools, read.e164, uid),
      isOptedOut(deps.tools.pool, read.e164),
    ]);
    ctx.body = { phone: read.e164, session, opted_out: optedOut };
  });
  return router;
}
