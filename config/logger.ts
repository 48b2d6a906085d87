import { pino, type DestinationStream, type LevelWithSilent, type Logger } from 'pino';
import { currentTraceId } from '../core/current-trace';

/** Names under which a phone, a customer's words or a secret might come into a log by mistake. */
const PRIVATE = ['phone', 'phone_e164', 'text', 'body', 'name', 'token', 'secret', 'authorization', 'raw'];

/** Phones are in E.164 form everywhere behind the door, and nothing else looks like it. */
const E164 = /\+\d{7,15}/g;

/**
 * The log of a process: JSON lines on stdout. Nobody is meant to log a phone or a customer's words; this
 * keeps them out where somebody does.
 *
 * @param name which process or part of it
 */
export function createLogger(
  name: string,
  level: LevelWithSilent = 'info',
  destination?: DestinationStream,
): Logger {
  return pino(
    {
      level,
      base: { process: name, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: PRIVATE.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[private]' },
      mixin: () => withTraceId(currentTraceId()),
      serializers: { err: describeError },
      hooks: { streamWrite: (line) => line.replace(E164, '+…') },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

const withTraceId = (traceId: string | undefined) => (traceId === undefined ? {} : { traceId });

/**
 * What a log may tell of an error. Not every property, as pino would: Postgres puts the values of the
 * row in question into `detail`.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: `${typeof error} thrown` };
  const { name, message, stack } = error;
  const code =
    'code' in error && ['string', 'number'].includes(typeof error.code) ? { code: error.code } : {};
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  const errors = error instanceof AggregateError ? { errors: error.errors.map(describeError) } : {};
  return { type: name, message, ...code, stack, ...cause, ...errors };
}
