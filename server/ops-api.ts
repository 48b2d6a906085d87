/** `/ops/…`: every operation of the operators as a POST, for who carries a token. */
import Router from '@koa/router';
import type { Logger } from 'pino';
import type { OpsToken } from '../core/environment';
import { readInput, type OpsTools } from '../ops/operation';
import { OPERATIONS, pathOf } from '../ops/operations';
import { asAuthenticated } from '../store/audit';
import { readJson } from './body';
import { refuse } from './ops-refusals';
import { requireToken, type OperatorState } from './tokens';

/** A file of opt-outs, or a payload by hand. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

export interface OpsDependencies {
  tools: OpsTools;
  tokens: readonly OpsToken[];
  logger: Logger;
}

export function opsRoutes({ tools, tokens, logger }: OpsDependencies): Router<OperatorState> {
  const router = new Router<OperatorState>();
  for (const operation of OPERATIONS) {
    router.post(pathOf(operation), requireToken(tokens), async (ctx) => {
      const { operator: actor } = ctx.state;
      const tell = (line: string) => logger.info({ operation: operation.name }, line);
      const given = await readJson(ctx.req, MAX_BODY_BYTES, {});
      const act = async () => operation.run(tools, readInput(operation, given), { actor, tell });
      ctx.body = await asAuthenticated(act).catch(refuse);
    });
  }
  return router;
}
