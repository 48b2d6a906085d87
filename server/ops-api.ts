/** `/ops/…`: every operation of the operators as a POST, for who carries a token. */
import Router from '@koa/router';
import type { Logger } from 'pino';
import { ConfigurationError } from '../config/load';
import type { OpsToken } from '../core/environment';
import {
  OperationRefused,
  readInput,
  type Operation,
  type OpsTools,
  type RefusalKind,
} from '../ops/operation';
import { OPERATIONS, pathOf } from '../ops/operations';
import { PodiumError } from '../podium/api';
import { readJson } from './body';
import { HTTP_FAILURES, Refusal } from './errors';
import { requireToken, type OperatorState } from './tokens';

/** A file of opt-outs, or a payload by hand. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

const STATUS: Record<RefusalKind, number> = { wrong_input: 400, unknown: 404, refused: 409 };

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
      ctx.body = await perform(operation, tools, given, { actor, tell });
    });
  }
  return router;
}

async function perform(
  operation: Operation,
  tools: OpsTools,
  given: unknown,
  by: { actor: string; tell: (line: string) => void },
): Promise<unknown> {
  try {
    return await operation.run(tools, readInput(operation, given), by);
  } catch (error) {
    throw toRefusal(error);
  }
}

/** What an operator can do something about is said; the rest is an accident. */
function toRefusal(error: unknown): unknown {
  if (error instanceof OperationRefused) return new Refusal(STATUS[error.kind], error.failure);
  if (error instanceof ConfigurationError)
    return new Refusal(503, { ...HTTP_FAILURES.notConfigured, message: error.problems.join(' ') });
  if (error instanceof PodiumError)
    return new Refusal(502, { ...HTTP_FAILURES.podium, message: error.message });
  if (isAway(error)) return new Refusal(503, HTTP_FAILURES.away);
  return error;
}

/** Temporal's and Postgres's ways of saying that nobody answered. */
function isAway(error: unknown): boolean {
  const { name, code } = error as { name?: string; code?: unknown };
  const codes: unknown[] = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 4, 14];
  return name === 'ServiceError' || codes.includes(code);
}
