import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { ConfigurationError } from '../config/load';
import { connect, refusalOf } from './connect';

const [OK, UNAVAILABLE, PERMISSION_DENIED, UNAUTHENTICATED] = [0, 14, 7, 16];

/** A Temporal that answers each call with the next of these statuses, and with the last one from then on. */
async function temporal(...statuses: number[]) {
  const server = createServer((_, response) => {
    const status = statuses.length > 1 ? statuses.shift() : statuses[0];
    response.writeHead(200, { 'content-type': 'application/grpc' });
    if (status === OK) response.write(Buffer.alloc(5)); // an empty message
    response.addTrailers({ 'grpc-status': String(status), 'grpc-message': 'so it is' });
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function connectTo(...statuses: number[]) {
  const server = await temporal(...statuses);
  const tried: string[] = [];
  const logger = pino({}, { write: (line: string) => void tried.push(line) });
  try {
    const connection = await connect(
      { address: `127.0.0.1:${(server.address() as AddressInfo).port}` },
      logger,
    );
    await connection.close();
    return tried.length;
  } finally {
    server.close();
  }
}

it('waits for a Temporal that is not up yet', async () => {
  expect(await connectTo(UNAVAILABLE, UNAVAILABLE, OK)).toBe(2);
});

it.each([
  ['an API key that it does not know', UNAUTHENTICATED, 'TEMPORAL_API_KEY'],
  ['a namespace that is not ours', PERMISSION_DENIED, 'TEMPORAL_NAMESPACE'],
])('is told of %s rather than waiting for ever', async (_, status, variable) => {
  const refused = connectTo(status);
  await expect(refused).rejects.toThrow(ConfigurationError);
  await expect(refused).rejects.toThrow(variable);
});

/** As the SDK's version of today says them. */
it.each([
  ['ConnectError(NativeCertsNotFound)', 'ca-certificates'],
  ['error: InvalidCertificate(UnknownIssuer)', 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'],
  ['error: InvalidCertificate(NotValidForNameContext { expected: … })', 'TEMPORAL_TLS_SERVER_NAME'],
  ['error: InvalidCertificate(ExpiredContext { … })', 'expired'],
  ['tonic::transport::Error(Transport, InconsistentKeys(KeyMismatch))', 'belong together'],
  ['tonic::transport::Error(Transport, PrivateKeyParseError)', 'PEM'],
  ['error: "received fatal alert: CertificateRequired"', 'TEMPORAL_TLS_CLIENT_CERT_PATH'],
])('knows that waiting does not mend %s', (message, hint) => {
  expect(refusalOf(new Error(message))).toContain(hint);
});

it.each([
  'ConnectError("tcp connect error", 127.0.0.1:1, Os { code: 111, kind: ConnectionRefused })',
  'ConnectError("dns error", Custom { error: "failed to lookup address information" })',
  "Failed to call GetSystemInfo: code: 'The service is currently unavailable'",
  'hyper::Error(Io, Custom { kind: BrokenPipe, error: "stream closed because of a broken pipe" })',
])('waits where Temporal is merely away: %s', (message) => {
  expect(refusalOf(new Error(message))).toBeNull();
});
