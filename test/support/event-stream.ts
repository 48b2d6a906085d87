/** Reads server-sent events as a browser does that sends its token in a header. */
import { request, type IncomingMessage } from 'node:http';
import { eventually } from './eventually';

export interface StreamEvent {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

export class EventStream {
  readonly events: StreamEvent[] = [];
  /** Lines that are comments. */
  comments = 0;
  ended = false;
  private rest = '';

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.take(text));
    response.on('close', () => (this.ended = true));
    response.on('error', () => undefined);
  }

  static async open(url: string, headers: Record<string, string>): Promise<EventStream> {
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      request(url, { headers, agent: false }, resolve).on('error', reject).end(),
    );
    return new EventStream(response);
  }

  get status(): number {
    return this.response.statusCode!;
  }

  /** Of the events of a kind, their data, once there are so many. */
  async hears(count: number, event = 'reply'): Promise<Record<string, unknown>[]> {
    const heard = () => this.events.filter((each) => each.event === event);
    await eventually(`${count} event(s) of ${event}`, () => heard().length >= count);
    return heard().map(({ data }) => data);
  }

  async untilEnd(): Promise<void> {
    await eventually('the stream to end', () => this.ended);
  }

  close(): void {
    this.response.destroy();
  }

  private take(text: string): void {
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop()!;
    for (const block of blocks) {
      if (block.startsWith(':')) this.comments += 1;
      else this.events.push(eventOf(block));
    }
  }
}

function eventOf(block: string): StreamEvent {
  const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]));
  return {
    event: fields.get('event')!,
    id: fields.get('id')!,
    data: JSON.parse(fields.get('data')!) as Record<string, unknown>,
  };
}
