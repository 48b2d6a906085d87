import { ApplicationFailure } from '@temporalio/common';
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow';
import { dataConverter } from './data-converter';
import { FOR_OPERATORS } from './failure-converter';

test("a failure's message and stack stand nowhere in the clear", () => {
  const { failureConverter, payloadConverter } = loadDataConverter(
    dataConverter([{ id: 'key', secret: Buffer.alloc(32, 1) }]),
  );
  const failure = failureConverter.errorToFailure(
    ApplicationFailure.create({ message: 'about +61412345678' }),
    payloadConverter,
  );
  expect(failure.message).toBe('Encoded failure');
  expect(failure.stackTrace).toBe('');
  expect(failure.encodedAttributes).toBeDefined();
});

test('what a failure tells an operator stands in the clear, for the Web UI decodes none', () => {
  const { failureConverter, payloadConverter } = loadDataConverter(
    dataConverter([{ id: 'key', secret: Buffer.alloc(32, 1) }]),
  );
  const told = ApplicationFailure.nonRetryable('A close needs an actor.', FOR_OPERATORS);
  const failure = failureConverter.errorToFailure(told, payloadConverter);
  expect(failure).toMatchObject({ message: told.message, applicationFailureInfo: { type: FOR_OPERATORS } });
  expect(failureConverter.failureToError(failure, payloadConverter)).toMatchObject({ message: told.message });
});

test('a signal that is no JSON reaches its handler, as nothing', () => {
  const { payloadConverter } = loadDataConverter(dataConverter([{ id: 'key', secret: Buffer.alloc(32, 1) }]));
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') };
  expect(payloadConverter.fromPayload(payload)).toBeUndefined();
});
