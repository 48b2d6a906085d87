import type { Context, Middleware } from 'koa';
import type { z } from 'zod';
import type { NewAttachment } from '../world';
import { invalid } from './errors';

/** Above Podium's 25 MiB, since it refuses a file only after the upload. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** The body of a request. */
export interface RequestBody {
  raw: Buffer;
  /** JSON, or a form as a flat object; undefined for anything else. */
  json: unknown;
  /** A multipart form; null for anything else. */
  form: FormData | null;
}

/** Reads the whole body into `ctx.state.request`. */
export const bodyReader: Middleware = async (ctx, next) => {
  const raw = await readAll(ctx);
  const contentType = ctx.get('content-type');
  const request: RequestBody = {
    raw,
    json: decode(raw, contentType),
    form: await readForm(raw, contentType),
  };
  ctx.state.request = request;
  await next();
};

async function readAll(ctx: Context): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) ctx.throw(413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function readForm(raw: Buffer, contentType: string): Promise<FormData | null> {
  if (!contentType.startsWith('multipart/')) return null;
  const headers = { 'content-type': contentType };
  return new Response(new Uint8Array(raw), { headers }).formData().catch(() => null);
}

function decode(raw: Buffer, contentType: string): unknown {
  if (raw.length === 0 || contentType.startsWith('multipart/')) return undefined;
  if (contentType.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(raw.toString()));
  }
  try {
    return JSON.parse(raw.toString());
  } catch {
    return undefined;
  }
}

/** Checks what came against a schema; what does not fit is answered 400 with the names of the fields. */
export function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.') || 'request'}: ${message}`);
  throw invalid(issues.join('; '));
}

/** The JSON or form that came with a request, checked against a schema. No body is an empty object. */
export function checkBody<T>(schema: z.ZodType<T>, ctx: Context): T {
  const { raw, json } = bodyOf(ctx);
  if (raw.length > 0 && json === undefined) throw invalid('request: is not JSON');
  return check(schema, json ?? {});
}

/** What `bodyReader` has read. */
export function bodyOf(ctx: Context): RequestBody {
  return (ctx.state as { request: RequestBody }).request;
}

/** The fields of a form with a file: JSON, and what is known of the file. */
export function fieldsOf(form: FormData | null): { data: unknown; attachment: NewAttachment | null } {
  const data = form?.get('data');
  const file = form?.get('attachment');
  return {
    data: parseJson(typeof data === 'string' ? data : ''),
    attachment:
      file instanceof File
        ? { contentType: file.type, sizeBytes: file.size, name: file.name, base64: null }
        : null,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
