/** Files in an S3-compatible bucket. Credentials are those of the AWS SDK's own environment. */
import { DeleteObjectCommand, GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Readable } from 'node:stream';
import { FileMissing, type FileStore } from './file-store';
import { checkedId } from './folder';

export interface Bucket {
  bucket: string;
  /** Of a service other than Amazon's; its buckets are named in the path. */
  endpoint?: string | undefined;
  region?: string | undefined;
  /** Stands before the id in the key, as it is. */
  prefix?: string | undefined;
}

/** Checksums in trailers, and bucket names as hosts, are more than other services than Amazon's can be trusted with. */
const COMPATIBLE = {
  forcePathStyle: true,
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
} as const;

/** A connection that is not there by then will hardly come. */
const CONNECT_MS = 5_000;

const SILENCE_MS = 30_000;

/** @param silenceMs how long nothing may move on a connection before it breaks off */
export function bucketStore(
  { bucket, endpoint, region, prefix = '' }: Bucket,
  silenceMs = SILENCE_MS,
): FileStore {
  const client = new S3Client({
    // Without them a call waits for ever, and holds one of the few places of those who deal with files.
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: silenceMs },
    ...(endpoint ? { endpoint, ...COMPATIBLE } : {}),
    ...(region ? { region } : {}),
  });
  const objectOf = (id: string) => ({ Bucket: bucket, Key: prefix + checkedId(id) });

  return {
    async put(id, content, { contentType }) {
      const upload = new Upload({
        client,
        params: { ...objectOf(id), Body: content, ContentType: contentType },
        leavePartsOnError: false,
      });
      try {
        await upload.done();
      } catch (error) {
        content.destroy();
        throw error;
      }
    },
    async open(id) {
      try {
        const { Body } = await client.send(new GetObjectCommand(objectOf(id)));
        return Body as Readable;
      } catch (error) {
        throw error instanceof NoSuchKey ? new FileMissing() : error;
      }
    },
    async delete(id) {
      await client.send(new DeleteObjectCommand(objectOf(id)));
    },
    removeUnfinished: () => Promise.resolve(), // the bucket has a rule for it: docs/running.md
  };
}
