/** Follows the store's replies for as long as somebody looks at the page: server-sent events, read with fetch. */
import { backoffMs } from './backoff';
import { waitOf } from './delivery';
import { EventStreamParser, type StreamEvent } from './event-stream';

export interface RepliesParts {
  /** With the location in it. */
  url: string;
  /** The right to see them: in a header, since URLs stand in logs. */
  token: () => string | null;
  lastEventId: () => string | null;
  /** @param token of the stream it comes by */
  onEvent: (event: StreamEvent, token: string) => void;
  /** The server knows the conversation of this token no more, as after an erasure. */
  onUnknown: (token: string) => void;
}

/** The server says something every 20 s; a stream that says nothing for so long is dead. */
const LONGEST_SILENCE_MS = 45_000;

/** A stream that lasted so long was a good one. */
const STABLE_MS = 10_000;

interface StreamEnd {
  /** Nothing is to come any more. */
  over: boolean;
  /** The server asked to wait so long. */
  afterMs: number | null;
}

const BROKEN: StreamEnd = { over: false, afterMs: null };

/** All was read; or the conversation is unknown. */
const OVER = new Set([204, 401]);

/** The server's own 401, and not that of a proxy before it. */
const UNKNOWN = 'ERR_HTTP_NO_CONVERSATION';

export class Replies {
  /** Whose replies it follows, or has followed last. */
  token: string | null = null;
  private stream: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  constructor(private readonly parts: RepliesParts) {}

  /** Also when it runs already; anew for another token. */
  start(): void {
    const token = this.parts.token();
    if (this.stream && token === this.token) return;
    this.stop();
    this.token = token;
    if (token === null) return;
    this.stream = new AbortController();
    void this.follow(this.stream, token);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.stream?.abort();
    this.stream = null;
  }

  private async follow(stream: AbortController, token: string): Promise<void> {
    const began = Date.now();
    const end = await this.read(stream, token).catch(() => BROKEN);
    if (this.stream !== stream) return; // stopped meanwhile
    this.stream = null;
    if (end.over) return;
    this.failures = Date.now() - began > STABLE_MS ? 1 : this.failures + 1;
    const wait = Math.max(backoffMs(this.failures), end.afterMs ?? 0);
    this.timer = setTimeout(() => this.start(), wait);
  }

  private async read(stream: AbortController, token: string): Promise<StreamEnd> {
    const { url, lastEventId, onEvent, onUnknown } = this.parts;
    const last = lastEventId();
    const response = await fetch(url, {
      headers: {
        Accept: 'text/event-stream',
        Authorization: `Bearer ${token}`,
        ...(last !== null && { 'Last-Event-ID': last }),
      },
      credentials: 'omit',
      cache: 'no-store',
      signal: stream.signal,
    });
    if (response.status === 401 && (await response.text()).includes(UNKNOWN)) onUnknown(token);
    if (OVER.has(response.status)) return { over: true, afterMs: null };
    if (!response.ok || !response.body)
      return { over: false, afterMs: waitOf(response.headers.get('Retry-After'), Date.now()) };
    const parser = new EventStreamParser();
    for await (const piece of piecesOf(response.body, stream)) {
      for (const event of parser.push(piece)) onEvent(event, token);
    }
    return BROKEN;
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
