import Router from '@koa/router';
import { z } from 'zod';
import { check, checkBody } from '../api/request';
import { faultSchema } from '../faults';
import type { Parts } from '../parts';

const afterSchema = z.object({ after: z.coerce.number().int().min(0).default(0) });

/** The log of calls, and faults on request. */
export function troubleRoutes({ calls, faults }: Parts): Router {
  return new Router({ prefix: '/sim' })
    .get('/calls', (ctx) => {
      ctx.body = { calls: calls.after(check(afterSchema, ctx.query).after) };
    })
    .delete('/calls', (ctx) => {
      calls.clear();
      ctx.status = 204;
    })
    .get('/faults', (ctx) => {
      ctx.body = { faults: faults.list() };
    })
    .post('/faults', (ctx) => {
      ctx.body = faults.add(checkBody(faultSchema, ctx));
    })
    .delete('/faults', (ctx) => {
      faults.clear();
      ctx.status = 204;
    });
}
