import {
  DefaultPayloadConverter,
  type ConverterHint,
  type Payload,
  type SerializationContext,
} from '@temporalio/common';
import { decode } from '@temporalio/common/lib/encoding';

/** The encoding of what the codec has not decrypted. */
export const ENCRYPTED = 'binary/encrypted';

/**
 * Reads what is no JSON, or of an encoding that is not ours, as `undefined`. Signals come from people too, and
 * the SDK reads a signal's input before any handler sees it: an error there would hold up the session for ever.
 * What is still encrypted is no mistake of a person but a worker without its codec, and stays an error.
 */
class ForgivingPayloadConverter extends DefaultPayloadConverter {
  override fromPayload<T>(payload: Payload, context?: SerializationContext, hint?: ConverterHint<T>): T {
    try {
      return super.fromPayload(payload, context, hint);
    } catch (error) {
      const encoding = payload.metadata?.encoding;
      if (encoding && decode(encoding) === ENCRYPTED) throw error;
      return undefined as T;
    }
  }
}

/** Temporal loads this file by its path, into the workflow bundle too. */
export const payloadConverter = new ForgivingPayloadConverter();
