import { ApplicationFailure, DefaultFailureConverter, type FailureConverter } from '@temporalio/common';

/** The type of failures that tell an operator what is needed, and nothing of a customer: the Web UI decodes no failure. */
export const FOR_OPERATORS = 'ForOperators';

const encoded = new DefaultFailureConverter({ encodeCommonAttributes: true });
const plain = new DefaultFailureConverter();

/**
 * Puts messages and stack traces of failures where the codec encrypts them. Temporal loads this file by
 * its path, into the workflow bundle too.
 */
export const failureConverter: FailureConverter = {
  errorToFailure(error, payloadConverter) {
    const isForOperators = error instanceof ApplicationFailure && error.type === FOR_OPERATORS;
    return (isForOperators ? plain : encoded).errorToFailure(error, payloadConverter);
  },
  failureToError: (failure, payloadConverter) => encoded.failureToError(failure, payloadConverter),
};
