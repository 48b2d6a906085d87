/** Taking a content in: counted, hashed and looked at while it streams by, and kept only if it may be. */
import { createHash } from 'node:crypto';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileTypeFromBuffer } from 'file-type';
import type { ErrorCode } from '../../core/error-codes';
import type { FileStore } from './file-store';

export interface ContentRules {
  /** So many bytes pass, and one more does not. */
  maxBytes: number;
  /** MIME types, as the first bytes tell them; `text/plain` is UTF-8 without U+0000. */
  allowedTypes: readonly string[];
}

export interface KeptContent {
  sizeBytes: number;
  /** 32 bytes. */
  sha256: Buffer;
  contentType: string;
  /** The ending that goes with its type, without a dot. */
  extension: string;
}

/** A content that we do not take. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';
  constructor(readonly code: Extract<ErrorCode, 'ERR_WEBCHAT_005' | 'ERR_WEBCHAT_015'>) {
    super(`The file is not taken (${code}).`);
  }
}

/**
 * Streams a content into the store. What it is, is told by its bytes, whatever was announced.
 *
 * @throws FileRefused as soon as it is known; else what source or store have thrown. Nothing is kept then.
 */
export async function keepContent(
  store: FileStore,
  id: string,
  source: Readable,
  rules: ContentRules,
): Promise<KeptContent> {
  const content = new CheckedContent(rules);
  const feeding = pipeline(source, content);
  feeding.catch(() => undefined); // told below
  const storing = content.type.then((contentType) => store.put(id, content, { contentType }));
  const [stored, fed] = await Promise.allSettled([storing, feeding]);
  if (content.refusal) throw content.refusal;
  for (const outcome of [stored, fed]) if (outcome.status === 'rejected') throw outcome.reason;
  return content.result();
}

/** As much as the signatures of files take. */
const SAMPLE_BYTES = 4_100;
const TEXT = { mime: 'text/plain', ext: 'txt' };

/** Passes a content on once its type is known and allowed, and breaks off at the first byte too many. */
class CheckedContent extends Transform {
  /** Told by the first bytes. Rejects when the content ends or fails before that, or may not be taken. */
  readonly type: Promise<string>;
  refusal: FileRefused | null = null;
  private readonly hash = createHash('sha256');
  private size = 0;
  /** The first bytes, held back until the type is known. */
  private held: Buffer[] | null = [];
  private fileType: { mime: string; ext: string } = TEXT;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private tellType!: (type: string) => void;

  constructor(private readonly rules: ContentRules) {
    super();
    this.type = new Promise((resolve, reject) => {
      this.tellType = resolve;
      this.once('close', () => reject(this.errored ?? new Error('The content broke off.')));
    });
    this.type.catch(() => undefined); // told by whoever waits for it
  }

  /** Once it has gone by whole. */
  result(): KeptContent {
    return {
      sizeBytes: this.size,
      sha256: this.hash.digest(),
      contentType: this.fileType.mime,
      extension: this.fileType.ext,
    };
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.look(chunk).then(() => done(), done);
  }

  override _flush(done: TransformCallback): void {
    this.finish().then(() => done(), done);
  }

  private async look(chunk: Buffer): Promise<void> {
    this.size += chunk.length;
    if (this.size > this.rules.maxBytes) throw this.refuse('ERR_WEBCHAT_005');
    this.hash.update(chunk);
    if (!this.held) return this.letGo(chunk);
    this.held.push(chunk);
    if (this.size >= SAMPLE_BYTES) await this.release();
  }

  private async finish(): Promise<void> {
    await this.release();
    if (this.fileType === TEXT) this.checkText();
  }

  /** Finds out what it is, and lets go what was held back. */
  private async release(): Promise<void> {
    if (!this.held) return;
    const beginning = Buffer.concat(this.held);
    this.held = null;
    // Texts have no signature; whether it is one shows while it passes.
    this.fileType = (await fileTypeFromBuffer(beginning)) ?? TEXT;
    if (beginning.length === 0 || !this.rules.allowedTypes.includes(this.fileType.mime))
      throw this.refuse('ERR_WEBCHAT_015');
    this.tellType(this.fileType.mime);
    this.letGo(beginning);
  }

  private letGo(chunk: Buffer): void {
    if (this.fileType === TEXT) this.checkText(chunk);
    this.push(chunk);
  }

  /** @param chunk the next part of it; none at the end, which must not be in the middle of a character */
  private checkText(chunk?: Buffer): void {
    try {
      this.decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw this.refuse('ERR_WEBCHAT_015');
    }
    if (chunk?.includes(0)) throw this.refuse('ERR_WEBCHAT_015');
  }

  private refuse(code: FileRefused['code']): FileRefused {
    return (this.refusal = new FileRefused(code));
  }
}
