/** Follows the store's replies for as long as somebody looks at the page: server-sent events, read with fetch. */
import { backoffMs } from './backoff';
import { EventStreamParser, type StreamEvent } from './event-stream';

export interface RepliesParts {
  /** With the location in it. */
  url: string;
  /** The right to see them: in a header, since URLs stand in logs. */
  token: () => string | null;
  lastEventId: () => string | null;
  onEvent: (event: StreamEvent) => void;
}

/** The server says something every 20 s; a stream that says nothing for so long is dead. */
const LONGEST_SILENCE_MS = 45_000;

/** A stream that lasted so long was a good one. */
const STABLE_MS = 10_000;

export class Replies {
  private stream: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  constructor(private readonly parts: RepliesParts) {}

  /** Also when it runs already. */
  start(): void {
    if (this.stream) return;
    clearTimeout(this.timer);
    this.stream = new AbortController();
    void this.follow(this.stream);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.stream?.abort();
    this.stream = null;
  }

  private async follow(stream: AbortController): Promise<void> {
    const began = Date.now();
    const over = await this.read(stream).catch(() => false);
    if (this.stream !== stream) return; // stopped meanwhile
    this.stream = null;
    if (over) return;
    this.failures = Date.now() - began > STABLE_MS ? 1 : this.failures + 1;
    this.timer = setTimeout(() => this.start(), backoffMs(this.failures));
  }

  /** @returns whether nothing is to come any more */
  private async read(stream: AbortController): Promise<boolean> {
    const { url, token, lastEventId, onEvent } = this.parts;
    const last = lastEventId();
    const response = await fetch(url, {
      headers: {
        Accept: 'text/event-stream',
        Authorization: `Bearer ${token()}`,
        ...(last !== null && { 'Last-Event-ID': last }),
      },
      credentials: 'omit',
      cache: 'no-store',
      signal: stream.signal,
    });
    if (response.status === 204) return true;
    if (!response.ok || !response.body) return false;
    const parser = new EventStreamParser();
    for await (const piece of piecesOf(response.body, stream)) {
      parser.push(piece).forEach(onEvent);
    }
    return false;
  }
}

/** The text as it comes; ends the stream when it has died without saying so. */
async function* piecesOf(body: ReadableStream<Uint8Array>, stream: AbortController): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const silence = setTimeout(() => stream.abort(), LONGEST_SILENCE_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}
