/** What the runtime of a worker tells: the SDK's metrics and ours, by one address, and its logs in our own. */
import type { RuntimeOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { LATENESS } from '../core/session';
import { temporalLogger } from './temporal-logger';

/** In seconds: from what nobody notices to what a customer does. */
const LATENESS_BUCKETS = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];

/** @param address where Prometheus finds the metrics, at `/metrics`; null for nowhere */
export function telemetry(logger: Logger, address: string | null): RuntimeOptions {
  const { logger: temporal, telemetryOptions } = temporalLogger(logger);
  const metrics = address && {
    attachServiceName: false, // Prometheus knows whom it asks
    prometheus: {
      bindAddress: address,
      useSecondsForDurations: true,
      histogramBucketOverrides: { [LATENESS]: LATENESS_BUCKETS },
    },
  };
  return { logger: temporal, telemetryOptions: { ...telemetryOptions, ...(metrics && { metrics }) } };
}
