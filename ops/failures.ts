/** What operators are told when something goes wrong: errors are read here, for the HTTP API and the command line. */
import {
  isGrpcServiceError,
  ServiceError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { ConfigurationError } from '../config/load';
import type { Failure } from '../core/events';
import { PodiumError } from '../podium/api';
import { databaseTrouble } from '../store/database-trouble';
import { OperationRefused, type RefusalKind } from './operation';

export const OPERATION_FAILURES = {
  away: {
    code: 'ERR_HTTP_AWAY',
    message: 'Something that this needs is away.',
    hint: '/readyz says what. Try again once it is back.',
  },
  notConfigured: {
    code: 'ERR_HTTP_NOT_CONFIGURED',
    message: 'The configuration is not complete.',
    hint: 'Set what is missing, and start it anew; "config check" looks at everything.',
  },
  podium: {
    code: 'ERR_HTTP_PODIUM',
    message: 'Podium could not be asked.',
    hint: '"auth status" tells whether Podium lets us in.',
  },
  noWorker: {
    code: 'ERR_OPS_NO_WORKER',
    message: 'No worker answered in time.',
    hint: '"config check" tells whether workers run.',
  },
} satisfies Record<string, Failure>;

/** Nobody could do it, or nobody has answered: what was wished may still happen. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

/** `away`: something did not answer, or does not let us in. `podium`: that something is Podium. */
export type FailureKind = RefusalKind | 'away' | 'podium';

/** What an operator can do something about; null for an accident. */
export function explain(error: unknown): { kind: FailureKind; failure: Failure } | null {
  if (error instanceof OperationRefused) return error;
  if (error instanceof Unanswered) return { kind: 'away', failure: error.failure };
  if (error instanceof ConfigurationError) return notConfigured(error.problems.join(' '));
  if (error instanceof PodiumError)
    return { kind: 'podium', failure: { ...OPERATION_FAILURES.podium, message: error.message } };
  return explainDatabase(error) ?? explainTemporal(error) ?? explainSocket(error);
}

function explainDatabase(error: unknown) {
  const { message } = error as Error;
  switch (databaseTrouble(error)) {
    case 'away':
      return away(`Postgres does not answer: ${message}.`);
    case 'refused':
      return notConfigured(`Postgres does not let us in: ${message}.`);
    case null:
      return null;
  }
}

/** Of grpc: cancelled, out of time, exhausted, away. */
const AWAY = [1, 4, 8, 14];
/** Of grpc: not permitted, not known. */
const REFUSED = [7, 16];

function explainTemporal(error: unknown) {
  if (error instanceof NamespaceNotFoundError) return notConfigured(`Temporal: ${error.message}.`);
  const isWrapped =
    error instanceof ServiceError || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError;
  const cause: unknown = isWrapped ? error.cause : error;
  if (!isGrpcServiceError(cause)) return null;
  if (AWAY.includes(cause.code)) return away(`Temporal does not answer: ${cause.details}.`);
  if (REFUSED.includes(cause.code)) return notConfigured(`Temporal does not let us in: ${cause.details}.`);
  return null;
}

const SOCKETS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'EPIPE',
]);

function explainSocket(error: unknown) {
  const { code, message } = error as { code?: unknown; message?: string };
  if (typeof code !== 'string' || !SOCKETS.has(code)) return null;
  return away(`Something that this needs is away: ${message || code}.`);
}

function away(message: string) {
  return { kind: 'away' as const, failure: { ...OPERATION_FAILURES.away, message } };
}

function notConfigured(message: string) {
  return { kind: 'away' as const, failure: { ...OPERATION_FAILURES.notConfigured, message } };
}
