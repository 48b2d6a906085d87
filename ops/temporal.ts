/** The connection to Temporal of everything that is not a worker. */
import {
  Client,
  Connection,
  QueryRejectCondition,
  type ConnectionOptions,
  type DataConverter,
} from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';

/** grpc would wait up to 2 min before it looks again whether a server is back. */
const LONGEST_RECONNECT_MS = 5_000;
const CALL_DEADLINE_MS = 10_000;

/**
 * A client by the environment and profiles that Temporal's own `envconfig` reads. It connects when it
 * is first used, so a process starts while Temporal is away. Every call needs a deadline of its own
 * (`within`), or it may wait for ever.
 *
 * @param env the variables to read instead of the process's
 * @param interceptors of calls, instead of the SDK's own, which tries again what fails
 */
export function createTemporalClient(
  dataConverter: DataConverter,
  env?: Record<string, string>,
  interceptors?: ConnectionOptions['interceptors'],
): Client {
  const { connectionOptions, namespace } = loadClientConnectConfig(env && { overrideEnvVars: env });
  const connection = Connection.lazy({
    ...(connectionOptions as ConnectionOptions),
    channelArgs: { 'grpc.max_reconnect_backoff_ms': LONGEST_RECONNECT_MS },
    ...(interceptors && { interceptors }),
  });
  return new Client({
    ...{ connection, namespace: namespace ?? 'default', dataConverter },
    // What has ended tells how it was then, as if it still ran.
    workflow: { queryRejectCondition: QueryRejectCondition.NOT_OPEN },
  });
}

/** What a call gives, or calls together. @throws what Temporal throws, and when it has not answered within `ms` */
export function within<T>(client: Client, call: () => Promise<T>, ms = CALL_DEADLINE_MS): Promise<T> {
  return client.withDeadline(Date.now() + ms, call);
}
