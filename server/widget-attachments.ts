/**
 * `POST /widget/attachments`: a file that a customer sends from a website, with or without words. The file goes
 * into the store while it streams in; then the message comes in as any other does. A file that is refused does
 * not take its message with it.
 */
import type { IncomingMessage } from 'node:http';
import Router from '@koa/router';
import type { Context } from 'koa';
import type { Logger } from 'pino';
import { z } from 'zod';
import { failure, type ErrorCode } from '../core/error-codes';
import type { Attachment, PodiumEvent, ReceivedFile, Verdict } from '../core/events';
import { oneLine } from '../core/plain-text';
import type { Pool } from '../store/database';
import { FileRefused, type ContentRules } from '../store/files/checked-content';
import type { FileStore } from '../store/files/file-store';
import { fileOfMessage, keepLate, type FileRules, type StoredFile } from '../store/files/rows';
import type { Outcome, ReceivedEvent } from '../store/inbox';
import { HTTP_FAILURES, Refusal, refusedFileStatus } from './errors';
import { keepUpload } from './keep-upload';
import type { Metrics } from './metrics';
import { drain, openUpload, type UploadedFile } from './upload';
import { UploadLimits } from './upload-limits';
import { notStored } from './webhook';
import { rawWidgetMessage, widgetEvent, type WidgetMessage } from './widget-message';

export interface WidgetDependencies {
  pool: Pool;
  files: FileStore;
  rules: ContentRules;
  fileRules: FileRules;
  /** Returns once the location is on the list, or the list was read anew, or the customer has waited for long enough. */
  awaitLocation: (uid: string) => Promise<unknown>;
  judge: (event: PodiumEvent) => Verdict;
  /** Returns once the message is committed, with all that follows from it. */
  receive: (received: ReceivedEvent) => Promise<Outcome>;
  addressOf: (request: IncomingMessage) => string;
  metrics: Metrics;
  logger: Logger;
}

const MOST_TEXT = 10_000;
const MOST_NAME = 200;

const formFields = z.object({
  message_id: z.uuid(),
  phone: z.string().default(''),
  location_uid: z.string().trim().default(''),
  body: z.string().max(MOST_TEXT).default(''),
  name: z.string().max(MOST_NAME).default(''),
});

/** A customer's message at a store that is ours. */
interface Admitted {
  message: WidgetMessage;
  eventId: string;
  phone: string;
  locationUid: string;
}

export function widgetRoutes(deps: WidgetDependencies): Router {
  const limits = new UploadLimits();
  return new Router().post('/widget/attachments', async (ctx) => {
    try {
      const end = await limits.begin(deps.addressOf(ctx.req));
      try {
        await new WidgetUpload(deps, limits).take(ctx);
      } finally {
        end();
      }
    } finally {
      drain(ctx.req);
    }
  });
}

class WidgetUpload {
  constructor(
    private readonly deps: WidgetDependencies,
    private readonly limits: UploadLimits,
  ) {}

  async take(ctx: Context): Promise<void> {
    const { pool, rules } = this.deps;
    const { fields, openFile } = await openUpload(ctx.req, rules.maxBytes);
    if (!openFile) {
      // Too large it is, whatever else may be wrong with it.
      const admitted = await this.admit(fields).catch(orNull);
      return this.refuse(ctx, 'ERR_WEBCHAT_005', admitted, null);
    }
    const admitted = await this.admit(fields);
    const known = await fileOfMessage(pool, admitted.eventId);
    if (known) return accept(ctx, known);
    const file = await openFile();
    const received = await this.keep(file);
    if (received.kind === 'refused') return this.refuse(ctx, received.code, admitted, file.name);
    accept(ctx, await this.takeIn(admitted, file.name, received));
  }

  /** Whose message it is, as far as that can be told without its file. @throws {Refusal} 400, 429 */
  private async admit(fields: Readonly<Record<string, string>>): Promise<Admitted> {
    const { judge, awaitLocation } = this.deps;
    const message = readFields(fields);
    if (message.locationUid) await awaitLocation(message.locationUid);
    const event = widgetEvent(message);
    const verdict = judge(event);
    if (verdict.kind === 'quarantined') {
      // It is told no now, and need not be kept; but a STOP counts wherever it is said.
      if (verdict.optOut && verdict.phone !== null) await this.write(message);
      throw new Refusal(400, verdict.failure);
    }
    if (verdict.kind !== 'customer_message')
      throw new Error(`A widget's message was judged ${verdict.kind}.`);
    const { phone, locationUid } = verdict;
    await this.limits.countFor(phone, locationUid);
    return { message, eventId: event.eventId, phone, locationUid };
  }

  private async keep(file: UploadedFile): Promise<ReceivedFile> {
    try {
      const kept = await keepUpload(this.deps.files, this.deps.rules, file);
      return { kind: 'kept', ...kept, sha256: kept.sha256.toString('hex') };
    } catch (error) {
      if (error instanceof FileRefused) return { kind: 'refused', code: error.code };
      throw error;
    }
  }

  /** The message comes in with its file. @returns the file of the message: one that came earlier stays it */
  private async takeIn(
    { message, eventId, phone, locationUid }: Admitted,
    name: string | null,
    received: Extract<ReceivedFile, { kind: 'kept' }>,
  ): Promise<StoredFile> {
    const { pool, files, fileRules } = this.deps;
    const attachment = attachmentOf(name, received);
    try {
      const { status } = await this.write({ ...message, attachments: [attachment] });
      if (status === 'duplicate') {
        const origin = { messageUid: eventId, phone, locationUid, conversationUid: null };
        await keepLate(pool, { ...origin, attachment, receivedAt: new Date() }, received, fileRules);
      }
    } finally {
      // Also after an error: the row may have been written all the same.
      const known = await fileOfMessage(pool, eventId);
      if (known?.id !== received.fileId) await files.delete(received.fileId);
    }
    return (await fileOfMessage(pool, eventId))!;
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
    if (admitted)
      await this.write({ ...admitted.message, attachments: [attachmentOf(name, { kind: 'refused', code })] });
    ctx.status = refusedFileStatus(code);
    ctx.body = { error: failure(code), ...(admitted && { message: 'accepted' }) };
  }

  private async write(message: WidgetMessage): Promise<Outcome> {
    const event = widgetEvent(message);
    const raw = rawWidgetMessage(message);
    const received = { event, verdict: this.deps.judge(event), raw, receivedAt: new Date() };
    try {
      return await this.deps.receive(received);
    } catch (err) {
      this.deps.logger.error({ err }, 'a message of the widget could not be stored');
      throw notStored();
    }
  }
}

function readFields(fields: Readonly<Record<string, string>>): WidgetMessage {
  const read = formFields.safeParse(fields);
  if (!read.success) {
    const [{ path, message: problem }] = read.error.issues as [z.core.$ZodIssue];
    const message = `${path.join('.')}: ${problem}. All fields come before the file.`;
    throw new Refusal(400, { ...HTTP_FAILURES.wrongForm, message });
  }
  const { message_id: messageId, phone, location_uid: locationUid, body, name } = read.data;
  return {
    ...{ messageId: messageId.toLowerCase(), phone, body, attachments: [] },
    ...{ locationUid: locationUid || null, name: oneLine(name) || null },
  };
}

function attachmentOf(name: string | null, received: ReceivedFile): Attachment {
  const known = received.kind === 'kept' ? received : { contentType: null, sizeBytes: null };
  return { url: null, contentType: known.contentType, sizeBytes: known.sizeBytes, name, received };
}

function accept(ctx: Context, { id, sizeBytes, sha256 }: StoredFile): void {
  ctx.status = 202;
  ctx.body = { status: 'accepted', fileUid: id, sizeBytes, sha256 };
}

function orNull(error: unknown): null {
  if (error instanceof Refusal && error.status < 500) return null;
  throw error;
}
