/** `POST /ops/messages/attachment`: a file for a customer, sent through the guarded door. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'koa';
import Router from '@koa/router';
import { z } from 'zod';
import type { OpsToken } from '../core/environment';
import { failure } from '../core/error-codes';
import type { Settings } from '../core/settings';
import { fileSendReport, MOST_TEXT, recipientOf, wantFileSent, type FileSendTools } from '../ops/file-sends';
import { asAuthenticated } from '../store/audit';
import { FileRefused, type ContentRules } from '../store/files/checked-content';
import type { FileStore } from '../store/files/file-store';
import { HTTP_FAILURES, Refusal, refusedFileStatus } from './errors';
import { refuse } from './ops-refusals';
import { takeUpload } from './take-upload';
import { requireToken, type OperatorState } from './tokens';
import { drain, withUpload, type Upload } from './upload';

export interface FileSendDependencies extends FileSendTools {
  files: FileStore;
  rules: ContentRules;
  settings: Settings;
}

const formFields = z.object({
  message_id: z.uuid().optional(),
  phone: z.string().default(''),
  location_uid: z.string().trim().default(''),
  body: z.string().max(MOST_TEXT).default(''),
});

export function fileSendRoutes(
  deps: FileSendDependencies,
  tokens: readonly OpsToken[],
): Router<OperatorState> {
  const router = new Router<OperatorState>({ prefix: '/ops/messages' });
  router.use(requireToken(tokens));

  router.post('/attachment', async (ctx) => {
    try {
      await withUpload(ctx.req, deps.rules.maxBytes, (upload) =>
        asAuthenticated(() => takeFile(ctx, upload, ctx.state.operator, deps)),
      );
    } finally {
      drain(ctx.req);
    }
  });

  return router;
}

async function takeFile(
  ctx: Context,
  { fields, openFile }: Upload,
  actor: string,
  deps: FileSendDependencies,
): Promise<void> {
  if (!openFile) throw new Refusal(413, failure('ERR_WEBCHAT_005'));
  const wish = await readWish(fields, deps);
  ctx.status = 202;
  const known = await fileSendReport(deps.pool, wish.id);
  if (known) return void (ctx.body = known); // asked for before
  const file = await openFile();
  try {
    ctx.body = await takeUpload(deps, file, (kept) =>
      wantFileSent(deps, { ...wish, name: file.name, actor }, kept),
    );
  } catch (error) {
    if (error instanceof FileRefused) throw new Refusal(refusedFileStatus(error.code), failure(error.code));
    throw error;
  }
}

async function readWish(fields: Readonly<Record<string, string>>, deps: FileSendDependencies) {
  const read = formFields.safeParse(fields);
  if (!read.success) {
    const [{ path, message: problem }] = read.error.issues as [z.core.$ZodIssue];
    throw new Refusal(400, { ...HTTP_FAILURES.wrongForm, message: `${path.join('.')}: ${problem}.` });
  }
  const { message_id: id = randomUUID(), location_uid: named, body } = read.data;
  const { phone, locationUid } = await recipientOf(deps, named, read.data.phone).catch(refuse);
  return { id: id.toLowerCase(), phone, locationUid, body };
}
