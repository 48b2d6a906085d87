/** `POST /widget/messages`: what a customer writes on a website, into the inbox, then 202. */
import type { Context } from 'koa';
import { readJson } from './body';
import { drain } from './upload';
import { readMessage, wrongField } from './widget-fields';
import type { WidgetOrigins } from './widget-origins';
import type { WidgetReceiver } from './widget-receiver';

const MOST_BYTES = 32 * 1024;

export async function takeMessage(
  ctx: Context,
  receiver: WidgetReceiver,
  origins: WidgetOrigins,
  address: string,
): Promise<void> {
  try {
    const message = readMessage(await readJson(ctx.req, MOST_BYTES));
    if (message.body.trim() === '') throw wrongField('body', 'is empty');
    const { phone } = await receiver.admit(message, address, (uid) => origins.check(ctx, uid));
    const { status } = await receiver.write(message);
    ctx.status = 202;
    ctx.body = {
      status: status === 'duplicate' ? status : 'accepted',
      opted_out: await receiver.isOptedOut(phone),
    };
  } finally {
    drain(ctx.req);
  }
}
