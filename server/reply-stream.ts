/** The server-sent events of one browser: where the conversation stands, and the replies, each once. */
import { PassThrough } from 'node:stream';
import type { Reply } from '../store/widget-replies';
import type { Listener, Standing } from './reply-feed';

/** Proxies close what is silent for longer. */
const HEARTBEAT_MS = 15_000;
/** Whoever leaves so much unread has gone. */
const MOST_UNREAD_BYTES = 256 * 1024;

/** What a browser has seen: up to which reply, and where the conversation stood. */
export interface Position {
  number: number;
  open: boolean;
  optedOut: boolean;
}

export interface StreamOptions {
  /** Where an earlier stream of the browser ended; null for its first. */
  seen: Position | null;
  /** Under which name the robot speaks. */
  robotName: string;
  repliesAfter: (number: number) => Promise<Reply[]>;
}

export class ReplyStream implements Listener {
  readonly body = new PassThrough();
  private number: number;
  private told: (Omit<Position, 'number'> & { began: boolean }) | null = null;
  private readonly heartbeat: NodeJS.Timeout;
  private turn: Promise<void> = Promise.resolve();

  constructor(
    readonly conversationId: number,
    private readonly options: StreamOptions,
  ) {
    this.number = options.seen?.number ?? 0;
    this.heartbeat = setInterval(() => this.write(': still here\n\n'), HEARTBEAT_MS);
    this.body.once('close', () => clearInterval(this.heartbeat));
    this.body.on('error', () => undefined); // the browser has gone
  }

  /** Shows what is new, and ends once nothing can come any more. One call after the other, so that each reply is shown once. */
  show(standing: Standing): Promise<void> {
    const turn = this.turn.then(() => this.showNow(standing));
    this.turn = turn.catch(() => undefined);
    return turn;
  }

  private async showNow(standing: Standing): Promise<void> {
    const replies = standing.lastNumber > this.number ? await this.options.repliesAfter(this.number) : [];
    if (this.body.writableEnded) return;
    // At the beginning it is told first where the conversation stands; later on, the last replies come before its end.
    if (this.told === null) this.tell(standing);
    for (const reply of replies) this.reply(reply, standing);
    this.tell(standing);
    if (!standing.open) this.end();
  }

  end(): void {
    clearInterval(this.heartbeat);
    this.body.end();
  }

  private tell({ open, began, optedOut }: Standing): void {
    if (this.told?.open === open && this.told.began === began && this.told.optedOut === optedOut) return;
    this.told = { open, began, optedOut };
    this.event('state', { opted_out: optedOut, open, began });
  }

  private reply({ number, from, at, body, hasFile }: Reply, { open, began, optedOut }: Standing): void {
    this.number = number;
    this.told ??= { open, began, optedOut };
    this.event('reply', {
      ...{ id: String(number), at: at.toISOString(), from },
      ...{ name: from === 'robot' ? this.options.robotName : null, text: body, file: hasFile },
      ...(body === null && { private: true }),
    });
  }

  private event(name: 'state' | 'reply', data: object): void {
    const id = positionId({ number: this.number, ...this.told! });
    this.write(`event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  private write(text: string): void {
    if (this.body.writableEnded) return;
    if (this.body.writableLength > MOST_UNREAD_BYTES) this.body.destroy();
    else this.body.write(text);
  }
}

/** The id of an event: who comes back with it is shown what came after. */
export function positionId({ number, open, optedOut }: Position): string {
  return `${number}.${open ? 'open' : 'over'}${optedOut ? '.opted_out' : ''}`;
}

/** Null for what is no id of ours. */
export function readPosition(id: string): Position | null {
  const [, number, state, optedOut] = /^(\d{1,9})\.(open|over)(\.opted_out)?$/.exec(id) ?? [];
  return number === undefined
    ? null
    : { number: Number(number), open: state === 'open', optedOut: optedOut !== undefined };
}
