/** Traces over OpenTelemetry (docs/watching.md), for a process that is told where to send them. */
import type { Logger } from 'pino';
import type { Environment } from '../core/environment';
import { withFiles } from './load';

/** What a process that is traced needs of the environment. */
export const TRACING_NEEDS = [
  'otlpEndpoint',
  'tracesSampler',
  'tracesSamplerArg',
] as const satisfies (keyof Environment)[];

/** What the SDK reads for itself, which knows of no files. */
const READ_BY_THE_SDK = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_HEADERS'];

/**
 * Sends the process's spans from now on, until it ends. Without an address nothing of OpenTelemetry's SDK is loaded.
 * Comes first of all that a process puts together: what is told until the last part has stopped is still sent.
 */
export async function startTracing(
  { otlpEndpoint, tracesSampler, tracesSamplerArg }: Pick<Environment, (typeof TRACING_NEEDS)[number]>,
  logger: Logger,
): Promise<void> {
  if (otlpEndpoint === null) return;
  const { sendTraces } = await loadExport();
  sendTraces({ sampler: tracesSampler, ratio: tracesSamplerArg }, logger);
}

/** Whether the collector takes what is sent, headers included. @returns why it does not; null when it does */
export async function trySendingTraces(): Promise<string | null> {
  const { sendNothing } = await loadExport();
  return sendNothing();
}

function loadExport() {
  const variables = withFiles();
  for (const name of READ_BY_THE_SDK) {
    const value = variables[name];
    if (value) process.env[name] = value;
  }
  return import('./trace-export.js');
}
