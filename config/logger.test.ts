import { createLogger } from './logger';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown> {
  const lines: string[] = [];
  write(createLogger('test', 'info', { write: (line) => void lines.push(line) }));
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0]!) as Record<string, unknown>;
}

test('a line is JSON with level, time, process and what was said', () => {
  expect(
    logged((logger) => logger.info({ event: 'ready', url: 'http://localhost:3000' }, 'Ready')),
  ).toMatchObject({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    process: 'test',
    event: 'ready',
    url: 'http://localhost:3000',
    msg: 'Ready',
  });
});

test('what is private by its name is taken out', () => {
  const line = JSON.stringify(
    logged((logger) =>
      logger.info({
        phone: '0400 123 456',
        message: { text: 'secret words' },
        request: { headers: { authorization: 'Bearer t' } },
      }),
    ),
  );
  expect(line).not.toMatch(/0400|secret words|Bearer/);
});

test('a phone is taken out wherever it stands', () => {
  const line = JSON.stringify(
    logged((logger) =>
      logger.error({ err: new Error('no contact for +61412345678') }, 'asked for +14155551234'),
    ),
  );
  expect(line).not.toMatch(/61412345678|14155551234/);
  expect(line).toContain('no contact for +…');
});

test('an error tells its kind, code, stack and cause, and nothing of the row it is about', () => {
  const cause = Object.assign(new Error('duplicate key'), {
    code: '23505',
    detail: 'Key (text)=(secret words)',
  });
  const { err } = logged((logger) => logger.error({ err: new TypeError('failed', { cause }) }));
  expect(err).toMatchObject({ type: 'TypeError', message: 'failed', stack: expect.any(String) });
  expect(err).toMatchObject({ cause: { message: 'duplicate key', code: '23505' } });
  expect(JSON.stringify(err)).not.toContain('secret words');
});

test('several errors in one are all told', () => {
  const { err } = logged((logger) => logger.error({ err: new AggregateError([new Error('a'), 'b']) }));
  expect(err).toMatchObject({ errors: [{ message: 'a' }, { message: 'string thrown' }] });
});
