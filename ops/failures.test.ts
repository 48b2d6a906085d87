import { createServer, type AddressInfo, type Server } from 'node:net';
import { ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ConfigurationError } from '../config/load';
import { createPool, type Pool } from '../store/database';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { explain } from './failures';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

/** What is thrown by `work`. */
const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => error,
  );

describe('of Postgres', () => {
  const pools: Pool[] = [];
  const pool = (...[url, options]: Parameters<typeof createPool>) => {
    pools.push(createPool(url, options));
    return pools.at(-1)!;
  };
  afterEach(() => Promise.all(pools.splice(0).map((each) => each.end())));
  const away = { kind: 'away', failure: { code: 'ERR_HTTP_AWAY' } };

  it('one that takes connections and says nothing is away', async () => {
    const silent: Server = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const error = await errorOf(pool(`postgresql://kim@127.0.0.1:${port}/none`).query('select 1'));
    expect(explain(error)).toMatchObject(away);
    silent.close();
  });

  it('one at which nobody listens is away, and it is said where that was', async () => {
    const error = await errorOf(pool('postgresql://kim@127.0.0.1:1/none').query('select 1'));
    expect(explain(error)).toMatchObject(away);
    expect(explain(error)?.failure.message).toContain('127.0.0.1:1');
  });

  it('one that ends our connection is away', async () => {
    const [client, other] = [await db.pool.connect(), await db.pool.connect()];
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const [error] = await Promise.all([
      errorOf(client.query('select pg_sleep(60)')),
      other.query('select pg_terminate_backend($1)', [rows[0]!.pid]),
    ]);
    client.release(true);
    other.release();
    expect(explain(error)).toMatchObject(away);
  });

  it('one that is too slow is away', async () => {
    const error = await errorOf(pool(db.url, { statementTimeoutMs: 50 }).query('select pg_sleep(60)'));
    expect(explain(error)).toMatchObject(away);
  });

  it('one that does not have the database is wrongly configured', async () => {
    const error = await errorOf(pool(`${db.url}-not`).query('select 1'));
    expect(explain(error)).toMatchObject({ kind: 'away', failure: { code: 'ERR_HTTP_NOT_CONFIGURED' } });
  });

  it('what is wrong with a statement is an accident', async () => {
    expect(explain(await errorOf(db.pool.query('select nothing')))).toBeNull();
  });
});

describe('of Temporal', () => {
  const grpc = (code: number) => Object.assign(new Error('said'), { code, details: 'said', metadata: {} });
  const wrapped = (code: number) => new ServiceError('Failed', { cause: grpc(code) });

  it.each([
    ['unavailable', wrapped(14), 'ERR_HTTP_AWAY'],
    ['out of time', wrapped(4), 'ERR_HTTP_AWAY'],
    ['out of time without a frame', grpc(4), 'ERR_HTTP_AWAY'],
    [
      'out of time with an update',
      new WorkflowUpdateRPCTimeoutOrCancelledError('late', { cause: grpc(4) }),
      'ERR_HTTP_AWAY',
    ],
    ['permission denied', wrapped(7), 'ERR_HTTP_NOT_CONFIGURED'],
    ['unauthenticated', wrapped(16), 'ERR_HTTP_NOT_CONFIGURED'],
  ])('%s is told by its code', (_, error, code) => {
    expect(explain(error)).toMatchObject({
      kind: 'away',
      failure: { code, message: expect.stringContaining('said') },
    });
  });

  it('an argument that it does not take is an accident of ours', () => {
    expect(explain(wrapped(3))).toBeNull();
  });
});

it('what is not configured is told in full', () => {
  expect(explain(new ConfigurationError(['One.', 'Two.']))?.failure.message).toBe('One. Two.');
});
