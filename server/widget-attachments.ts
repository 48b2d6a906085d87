/**
 * `POST /widget/attachments`: a file that a customer sends from a website, with or without words. The file goes
 * into the store while it streams in; then the message comes in as any other does. A file that is refused does
 * not take its message with it.
 */
import type { Context } from 'koa';
import { failure, type ErrorCode } from '../core/error-codes';
import type { Attachment, ReceivedFile } from '../core/events';
import { FileRefused, type KeptContent } from '../store/files/checked-content';
import { keepLate } from '../store/files/arrivals';
import { fileOfMessage, type StoredFile } from '../store/files/rows';
import { UploadGone } from '../store/files/uploads';
import { Refusal, refusedFileStatus } from './errors';
import { takeUpload } from './take-upload';
import { drain, withUpload, type Upload } from './upload';
import type { WidgetDependencies } from './widget';
import { readMessage } from './widget-fields';
import type { WidgetLimits } from './widget-limits';
import type { WidgetOrigins } from './widget-origins';
import type { Admitted, WidgetReceiver } from './widget-receiver';

export interface UploadTools {
  receiver: WidgetReceiver;
  origins: WidgetOrigins;
  limits: WidgetLimits;
}

/** @throws {Refusal} 400, 403, 413, 415, 429, 503 */
export async function takeFile(ctx: Context, deps: WidgetDependencies, tools: UploadTools): Promise<void> {
  try {
    const end = tools.limits.beginUpload(deps.addressOf(ctx.req));
    try {
      const { maxBytes } = deps.rules;
      await withUpload(ctx.req, maxBytes, (upload) => new WidgetUpload(deps, tools).take(ctx, upload));
    } finally {
      end();
    }
  } finally {
    drain(ctx.req);
  }
}

class WidgetUpload {
  constructor(
    private readonly deps: WidgetDependencies,
    private readonly tools: UploadTools,
  ) {}

  async take(ctx: Context, { fields, openFile }: Upload): Promise<void> {
    if (!openFile) {
      // Too large it is, whatever else may be wrong with it.
      const admitted = await this.admit(ctx, fields).catch(orNull);
      return this.refuse(ctx, 'ERR_WEBCHAT_005', admitted, null);
    }
    const admitted = await this.admit(ctx, fields);
    const known = await fileOfMessage(this.deps.pool, admitted.eventId);
    if (known) return this.accept(ctx, admitted, known);
    const file = await openFile();
    let stored: StoredFile;
    try {
      stored = await takeUpload(this.deps, file, (kept) => this.takeIn(admitted, file.name, kept));
    } catch (error) {
      if (!(error instanceof FileRefused)) throw error;
      return this.refuse(ctx, error.code, admitted, file.name);
    }
    await this.accept(ctx, admitted, stored);
  }

  /** Whose message it is, as far as that can be told without its file. */
  private admit(ctx: Context, fields: Readonly<Record<string, string>>): Promise<Admitted> {
    const { receiver, origins } = this.tools;
    const message = readMessage(fields);
    return receiver.admit(message, this.deps.addressOf(ctx.req), (uid) => origins.check(ctx, uid));
  }

  /**
   * The message comes in with its file.
   * @returns the file of the message: one that came earlier stays it
   * @throws UploadGone when it has none, as when its store has left the list meanwhile: it is judged anew when it comes again
   */
  private async takeIn(
    { message, eventId, phone, locationUid }: Admitted,
    name: string | null,
    kept: KeptContent & { fileId: string },
  ): Promise<StoredFile> {
    const { pool, fileRules } = this.deps;
    const received = { kind: 'kept' as const, ...kept, sha256: kept.sha256.toString('hex') };
    const attachment = attachmentOf(name, received);
    const { status } = await this.tools.receiver.write({ ...message, attachments: [attachment] });
    if (status === 'duplicate') {
      const origin = { messageUid: eventId, phone, locationUid, conversationUid: null };
      await keepLate(pool, { ...origin, attachment, receivedAt: new Date() }, received, fileRules);
    }
    const stored = await fileOfMessage(pool, eventId);
    if (!stored) throw new UploadGone();
    return stored;
  }

  /** Says no to the file, and yes to its message. @param admitted null where there is none to say yes to */
  private async refuse(
    ctx: Context,
    code: ErrorCode,
    admitted: Admitted | null,
    name: string | null,
  ): Promise<void> {
    const { metrics, logger } = this.deps;
    metrics.codes.inc({ code });
    logger.info({ code, eventId: admitted?.eventId }, 'a file of the widget was refused');
    if (admitted) {
      const attachments = [attachmentOf(name, { kind: 'refused', code })];
      await this.tools.receiver.write({ ...admitted.message, attachments });
    }
    ctx.status = refusedFileStatus(code);
    ctx.body = { error: failure(code), ...(admitted && { message: 'accepted' }) };
  }

  private async accept(
    ctx: Context,
    { phone }: Admitted,
    { id, sizeBytes, sha256 }: StoredFile,
  ): Promise<void> {
    const optedOut = await this.tools.receiver.isOptedOut(phone);
    ctx.status = 202;
    ctx.body = { status: 'accepted', fileUid: id, sizeBytes, sha256, opted_out: optedOut };
  }
}

function attachmentOf(name: string | null, received: ReceivedFile): Attachment {
  const known = received.kind === 'kept' ? received : { contentType: null, sizeBytes: null };
  return { url: null, contentType: known.contentType, sizeBytes: known.sizeBytes, name, received };
}

function orNull(error: unknown): null {
  if (error instanceof Refusal && error.status < 500) return null;
  throw error;
}
