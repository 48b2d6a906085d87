/** A collector of traces: takes OTLP over HTTP as processes send it, and keeps the spans. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from 'protobufjs';

/** What is looked at of OpenTelemetry's protocol, with its own numbers. */
const PROTOCOL = parse(
  `syntax = "proto3";
   message Export { repeated ResourceSpans resource_spans = 1; }
   message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
   message Resource { repeated KeyValue attributes = 1; }
   message ScopeSpans { repeated Span spans = 2; }
   message Span {
     bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5;
     fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
     repeated KeyValue attributes = 9; repeated Link links = 13; Status status = 15;
   }
   message Link { bytes trace_id = 1; bytes span_id = 2; }
   message Status { int32 code = 3; }
   message KeyValue { string key = 1; AnyValue value = 2; }
   message AnyValue {
     oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; }
   }`,
).root.lookupType('Export');

/** As the protocol's messages read as objects: ids in base64, numbers of 64 bits as JavaScript's. */
interface Export {
  resourceSpans: { resource: { attributes: KeyValue[] }; scopeSpans: { spans: RawSpan[] }[] }[];
}
interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}
interface RawSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: number;
  endTimeUnixNano: number;
  attributes: KeyValue[];
  links: { traceId: string; spanId: string }[];
  status?: { code?: number };
}

export interface CollectedSpan {
  name: string;
  /** Ids in hex; the parent's is null where there is none. */
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  /** The process that sent it, as it calls itself. */
  service: string;
  attributes: Record<string, unknown>;
  failed: boolean;
  ms: number;
  links: { traceId: string; spanId: string }[];
}

export class TraceCollector {
  readonly spans: CollectedSpan[] = [];
  /** Every byte that came in. */
  readonly raw: Buffer[] = [];
  private readonly server = createServer((request, response) => void this.take(request, response));
  private port = 0;

  private constructor(private readonly answers: boolean) {}

  /** On a free port. @param answers false for one that takes everything and never says so */
  static async start({ answers } = { answers: true }): Promise<TraceCollector> {
    const collector = new TraceCollector(answers);
    await collector.open();
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Listens, where it did before if it did. */
  async open(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Nobody is there any more. */
  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  /** All spans of a trace that have come so far. */
  of(traceId: string): CollectedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  /** The names from a span up to the one below which all hang; ends in `missing` where a parent is not there. */
  wayUp(span: CollectedSpan): string[] {
    if (span.parentSpanId === null) return [span.name];
    const parent = this.of(span.traceId).find(({ spanId }) => spanId === span.parentSpanId);
    return [span.name, ...(parent ? this.wayUp(parent) : ['missing'])];
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    this.raw.push(body);
    if (request.url === '/v1/traces') this.spans.push(...spansIn(body));
    if (this.answers) response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  }
}

function spansIn(body: Buffer): CollectedSpan[] {
  const read = PROTOCOL.toObject(PROTOCOL.decode(body), {
    longs: Number,
    bytes: String,
    arrays: true,
  }) as Export;
  return read.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(values(resource.attributes)['service.name']);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => collected(span, service)));
  });
}

function collected(span: RawSpan, service: string): CollectedSpan {
  return {
    ...{ name: span.name, service, attributes: values(span.attributes) },
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: span.parentSpanId ? hex(span.parentSpanId) : null,
    failed: span.status?.code === 2,
    ms: (span.endTimeUnixNano - span.startTimeUnixNano) / 1e6,
    links: span.links.map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
  };
}

const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex');

const values = (attributes: KeyValue[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
