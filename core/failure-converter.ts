import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Puts messages and stack traces of failures where the codec encrypts them. Temporal loads this file by
 * its path, into the workflow bundle too.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
