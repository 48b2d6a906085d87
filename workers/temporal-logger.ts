/** The SDK's logs, those of its native part included, in the process's own log. */
import type { LogLevel, Logger as TemporalLogger, RuntimeOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { apart } from '../core/current-trace';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** @returns the part of the runtime's options that is about logs */
export function temporalLogger(
  logger: Logger,
): Required<Pick<RuntimeOptions, 'logger' | 'telemetryOptions'>> {
  const log = (level: LogLevel, message: string, meta: Record<string | symbol, unknown> = {}): void => {
    // Under `err` the logger tells of an error what may be told; the native part's times are no JSON.
    const { error, timestampNanos: _, ...rest } = meta;
    // The SDK keeps lines for a while, and tells them whatever is done just then.
    apart(() => logger[LEVELS[level]](error === undefined ? rest : { ...rest, err: error }, message));
  };
  const at =
    (level: LogLevel): TemporalLogger['info'] =>
    (message, meta) =>
      log(level, message, meta);
  return {
    logger: {
      log,
      trace: at('TRACE'),
      debug: at('DEBUG'),
      info: at('INFO'),
      warn: at('WARN'),
      error: at('ERROR'),
    },
    telemetryOptions: { logging: { forward: {}, filter: 'temporalio_sdk_core=WARN,temporalio_client=WARN' } },
  };
}
