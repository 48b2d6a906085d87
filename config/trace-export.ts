/** OpenTelemetry's SDK, put together. Only `tracing` loads it, and only where traces are sent. */
import { setTimeout as delay } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
  RandomIdGenerator,
  TraceIdRatioBasedSampler,
  type IdGenerator,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node';
import type { Logger } from 'pino';
import type { Environment } from '../core/environment';
import { WANTED_IDS, type SpanIds } from '../core/spans';
import { onShutdown } from './lifecycle';

/** What has not left by then is lost: no process lives longer for its traces. */
const LAST_WORDS_MS = 1_000;
/** For an operator who waits. */
const TRIAL_MS = 3_000;

/** @param ratio which part of the traces is kept, from 0 to 1, by the sampler that keeps a part */
export function sendTraces(
  { sampler, ratio }: { sampler: Environment['tracesSampler']; ratio: number },
  logger: Logger,
): void {
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': process.title, 'process.pid': process.pid }))
      .merge(detectResources({ detectors: [envDetector] })), // OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
    sampler: samplerOf(sampler, ratio),
    idGenerator: new IdsOfMessages(),
    spanProcessors: [new BatchSpanProcessor(new TellingExporter(new OTLPTraceExporter(), logger))],
  });
  provider.register();
  const end = () => provider.shutdown().catch(() => undefined); // the exporter has told
  onShutdown(() => Promise.race([end(), delay(LAST_WORDS_MS)]));
}

/** Sends no span, to see whether it would be taken. @returns why not; null when it was */
export async function sendNothing(): Promise<string | null> {
  const exporter = new OTLPTraceExporter({ timeoutMillis: TRIAL_MS });
  const { code, error } = await new Promise<ExportResult>((done) => exporter.export([], done));
  await exporter.shutdown();
  return code === ExportResultCode.SUCCESS ? null : (error?.message ?? 'nobody says why');
}

/**
 * By the trace's id alone, which every process knows: so all of them keep the same traces, whether or not the sampler's
 * name says that the parent decides.
 */
function samplerOf(name: Environment['tracesSampler'], ratio: number): Sampler {
  switch (name) {
    case 'always_on':
    case 'parentbased_always_on':
      return new AlwaysOnSampler();
    case 'always_off':
    case 'parentbased_always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
    case 'parentbased_traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
  }
}

/** Gives a span the ids that are wanted for it. */
class IdsOfMessages implements IdGenerator {
  private readonly random = new RandomIdGenerator();

  generateTraceId(): string {
    return this.wanted?.traceId ?? this.random.generateTraceId();
  }

  generateSpanId(): string {
    return this.wanted?.spanId ?? this.random.generateSpanId();
  }

  private get wanted(): SpanIds | undefined {
    return context.active().getValue(WANTED_IDS) as SpanIds | undefined;
  }
}

/** Says once that traces do not arrive, and once that they do again, however often it is tried meanwhile. */
class TellingExporter implements SpanExporter {
  private fails = false;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly logger: Logger,
  ) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.exporter.export(spans, (result) => {
      const failed = result.code !== ExportResultCode.SUCCESS;
      if (failed && !this.fails)
        this.logger.warn({ err: result.error }, 'Traces do not arrive where they are sent; some are lost');
      if (!failed && this.fails) this.logger.info('Traces arrive again');
      this.fails = failed;
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.exporter.forceFlush?.() ?? Promise.resolve();
  }
}
