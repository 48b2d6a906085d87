/** `/livez` touches nothing; `/readyz` says what works, and whether events can be received. */
import Router from '@koa/router';

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
