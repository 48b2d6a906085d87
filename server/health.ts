/** `/livez` touches nothing; `/readyz` says what works, and whether events can be received; `/metrics` says the same. */
import Router from '@koa/router';
import { Gauge, type Registry } from 'prom-client';
import { shared } from './shared';

/** How long a part may take to answer before it counts as away. */
const CHECK_MS = 1_000;

export interface Checks {
  /** What receiving needs: without it there is nothing but 503. */
  required: Record<string, () => Promise<unknown>>;
  /** What is wanted but waited for: events are received without it. */
  wanted: Record<string, () => Promise<unknown>>;
}

export function healthRoutes(checks: Checks): Router {
  const router = new Router();
  router.get('/livez', (ctx) => {
    ctx.body = { alive: true };
  });
  router.get('/readyz', async (ctx) => {
    const [required, wanted] = await Promise.all([look(checks.required), look(checks.wanted)]);
    const ready = Object.values(required).every((answer) => answer === 'ok');
    ctx.status = ready ? 200 : 503;
    ctx.body = { ready, checks: { ...required, ...wanted } };
  });
  return router;
}

/** A server that is not ready gets no requests, so none of its counters would tell. */
export function addReadinessMetrics(registry: Registry, checks: Checks): void {
  const lookOnce = shared(() => look({ ...checks.required, ...checks.wanted }));
  new Gauge({
    name: 'podium_webchat_ready',
    help: 'What this server says at /readyz, check by check: 1 for ok, or 0.',
    labelNames: ['check'],
    registers: [registry],
    async collect() {
      for (const [check, answer] of Object.entries(await lookOnce()))
        this.set({ check }, answer === 'ok' ? 1 : 0);
    },
  });
}

async function look(checks: Record<string, () => Promise<unknown>>): Promise<Record<string, string>> {
  const answers = Object.entries(checks).map(async ([name, check]) => [name, await reasonOf(check)] as const);
  return Object.fromEntries(await Promise.all(answers));
}

async function reasonOf(check: () => Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('no answer in time'), CHECK_MS);
  });
  const answer = check().then(
    () => 'ok',
    (error: Error & { code?: string }) => error.code ?? error.message,
  );
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
