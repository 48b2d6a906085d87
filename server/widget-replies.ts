/** `GET /widget/replies`: the replies to what was written in this very browser, as they come. */
import type { Context } from 'koa';
import { failure } from '../core/error-codes';
import type { Pool } from '../store/database';
import { conversationOfBrowser } from '../store/widget-conversations';
import { repliesAfter } from '../store/widget-replies';
import { HTTP_FAILURES, Refusal } from './errors';
import type { Metrics } from './metrics';
import type { ReplyFeed, Standing } from './reply-feed';
import { readPosition, ReplyStream, type Position } from './reply-stream';
import { queryOf } from './widget-config';
import { TOKEN } from './widget-fields';
import { browserOf } from '../podium/widget-message';
import type { WidgetOrigins } from './widget-origins';

/** Tabs of one browser; the oldest gives way to a new one. */
const MOST_OF_CONVERSATION = 4;
/** Behind one address there may be a whole shopping centre. */
const MOST_OF_ADDRESS = 200;
const MOST = 5_000;
const BUSY_SECONDS = '30';

export interface ReplyDependencies {
  pool: Pool;
  feed: ReplyFeed;
  /** Under which name the robot speaks. */
  robotName: string;
  metrics: Metrics;
}

interface OpenStream {
  stream: ReplyStream;
  address: string;
}

export class WidgetReplies {
  /** The oldest first. */
  private readonly streams = new Set<OpenStream>();

  constructor(
    private readonly deps: ReplyDependencies,
    private readonly origins: WidgetOrigins,
  ) {}

  /** @throws {Refusal} 400, 401 for a token that has never written, 403, 429 */
  async answer(ctx: Context, address: string): Promise<void> {
    const { pool, feed } = this.deps;
    const locationUid = queryOf(ctx, 'location_uid');
    if (locationUid === null) throw new Refusal(400, failure('ERR_WEBCHAT_002'));
    this.origins.check(ctx, locationUid);
    const browser = browserOf(tokenOf(ctx));
    const conversation = await conversationOfBrowser(pool, browser, locationUid);
    if (!conversation) throw new Refusal(401, HTTP_FAILURES.noConversation);
    const seen = readPosition(ctx.get('Last-Event-ID'));
    const standing = await feed.standing(conversation);
    if (seen && nothingIsLeft(standing, seen)) return void (ctx.status = 204);
    this.makeRoom(conversation.id, address);
    this.begin(ctx, standing, seen, address);
  }

  private begin(ctx: Context, standing: Standing, seen: Position | null, address: string): void {
    const { pool, feed, robotName, metrics } = this.deps;
    const { id } = standing;
    const stream = new ReplyStream(id, {
      ...{ seen, robotName },
      repliesAfter: (number) => repliesAfter(pool, id, number),
    });
    const open = { stream, address };
    this.streams.add(open);
    metrics.widgetStreams.inc();
    ctx.set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no', // of nginx, which would hold the events back
    });
    ctx.status = 200;
    ctx.body = stream.body;
    const leave = feed.follow(stream);
    stream.body.once('close', () => {
      leave();
      this.streams.delete(open);
      metrics.widgetStreams.dec();
    });
    stream.show(standing).catch(() => stream.end()); // the browser comes back
  }

  private makeRoom(conversationId: number, address: string): void {
    const all = [...this.streams];
    if (all.length >= MOST || all.filter((each) => each.address === address).length >= MOST_OF_ADDRESS)
      throw new Refusal(429, HTTP_FAILURES.tooMany, { 'Retry-After': BUSY_SECONDS });
    const same = all.filter(({ stream }) => stream.conversationId === conversationId);
    for (const { stream } of same.slice(0, Math.max(0, same.length - MOST_OF_CONVERSATION + 1))) stream.end();
  }
}

function tokenOf(ctx: Context): string {
  const [, token = ''] = /^Bearer (\S+)$/i.exec(ctx.get('Authorization')) ?? [];
  if (!TOKEN.test(token)) throw new Refusal(401, HTTP_FAILURES.noConversation);
  return token;
}

function nothingIsLeft({ open, optedOut, lastNumber }: Standing, seen: Position): boolean {
  return !open && !seen.open && optedOut === seen.optedOut && lastNumber <= seen.number;
}
