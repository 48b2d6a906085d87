import type { DataConverter } from '@temporalio/common';
import type { EncryptionKey } from './encryption';
import { EncryptionCodec } from './payload-codec';

/** How payloads and failures are written, the same for client and worker: encrypted, with the first key. */
export function dataConverter(keys: readonly EncryptionKey[]): DataConverter {
  return {
    payloadConverterPath: require.resolve('./payload-converter'),
    failureConverterPath: require.resolve('./failure-converter'),
    payloadCodecs: [new EncryptionCodec(keys)],
  };
}
