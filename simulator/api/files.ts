import { Readable } from 'node:stream';
import Router from '@koa/router';
import type { Parts } from '../parts';
import type { Attachment, World } from '../world';
import { ApiError, notFound } from './errors';

/** What files of a type begin with, where a file was given by its size alone. */
const BEGINNINGS: Record<string, Buffer> = {
  'application/pdf': Buffer.from('%PDF-1.4\n'),
  'application/x-msdownload': Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1'),
  'image/gif': Buffer.from('GIF89a'),
  'image/jpeg': Buffer.from('ffd8ffe000104a464946', 'hex'),
  'image/png': Buffer.from(
    '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000a49444154',
    'hex',
  ),
};
const PIECE_BYTES = 65_536;

/** `/files/{uid}`: where the links to files lead. They need no token, and expire. */
export function fileRoutes({ world, settings }: Parts): Router {
  return new Router().get('/files/:uid', (ctx) => {
    const file = findFile(world, ctx.params.uid);
    if (Date.parse(file.createdAt) + settings.file_link_seconds * 1000 <= Date.now())
      throw new ApiError(410, 'link_expired', 'This link has expired.');
    ctx.type = file.contentType;
    ctx.length = file.sizeBytes;
    ctx.body = file.base64 === null ? Readable.from(generated(file)) : Buffer.from(file.base64, 'base64');
  });
}

function findFile(world: World, uid: string | undefined): Attachment {
  for (const { messages } of world.conversations.values()) {
    const file = messages.flatMap(({ attachments }) => attachments).find((other) => other.uid === uid);
    if (file) return file;
  }
  throw notFound('File');
}

function* generated({ contentType, sizeBytes }: Attachment): Generator<Buffer> {
  const beginning = (BEGINNINGS[contentType] ?? Buffer.alloc(0)).subarray(0, sizeBytes);
  if (beginning.length > 0) yield beginning;
  const piece = Buffer.alloc(PIECE_BYTES, 'x');
  for (let left = sizeBytes - beginning.length; left > 0; left -= PIECE_BYTES)
    yield piece.subarray(0, Math.min(left, PIECE_BYTES));
}
