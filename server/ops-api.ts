/** `/ops/…`: the operator's tools over HTTP, for who carries a token. */
import Router from '@koa/router';
import { z } from 'zod';
import { normalizePhone } from '../core/phone';
import { listFiles, type FileTools } from '../ops/files';
import { checkOptOut, optOutHistory } from '../ops/opt-outs';
import { closeSession, showSession, type SessionTools } from '../ops/sessions';
import { readJson } from './body';
import { HTTP_FAILURES, Refusal } from './errors';
import { requireToken, type OperatorState, type OpsToken } from './tokens';

const MAX_BODY_BYTES = 64 * 1024;

const closeRequest = z.object({
  phone: z.string(),
  location_uid: z.string(),
  reason: z.string().max(200).default(''),
});

export function opsRoutes(
  tools: SessionTools & FileTools,
  tokens: readonly OpsToken[],
): Router<OperatorState> {
  const router = new Router<OperatorState>({ prefix: '/ops' });
  router.use(requireToken(tokens));

  router.get('/sessions', async (ctx) => {
    const { phone, location } = ctx.query;
    if (typeof phone !== 'string' || typeof location !== 'string')
      throw new Refusal(400, HTTP_FAILURES.invalid);
    const report = await showSession(tools, e164(phone), location);
    if (!report) throw new Refusal(404, HTTP_FAILURES.noSession);
    ctx.body = report;
  });

  router.get('/opt-outs', async (ctx) => {
    if (typeof ctx.query.phone !== 'string') throw new Refusal(400, HTTP_FAILURES.invalid);
    const phone = e164(ctx.query.phone);
    const [state, history] = await Promise.all([
      checkOptOut(tools.pool, phone),
      optOutHistory(tools.pool, phone),
    ]);
    ctx.body = { phone_e164: phone, ...state, history };
  });

  router.post('/sessions/close', async (ctx) => {
    const body = closeRequest.safeParse(await readJson(ctx.req, MAX_BODY_BYTES));
    if (!body.success) throw new Refusal(400, HTTP_FAILURES.invalid);
    const { phone, location_uid: location, reason } = body.data;
    const wish = { actor: ctx.state.operator, reason };
    if (!(await closeSession(tools, e164(phone), location, wish)))
      throw new Refusal(404, HTTP_FAILURES.noSession);
    ctx.body = { status: 'closed' };
  });

  router.get('/files', async (ctx) => {
    const { phone, location_uid: location } = ctx.query;
    if (typeof phone !== 'string' || typeof location !== 'string')
      throw new Refusal(400, HTTP_FAILURES.invalid);
    ctx.body = { files: await listFiles(tools, e164(phone), location) };
  });
  return router;
}

/** An operator gives phones in international form. */
function e164(phone: string): string {
  const read = normalizePhone(phone, null);
  if (!read.ok) throw new Refusal(400, read.failure);
  return read.e164;
}
