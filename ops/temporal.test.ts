/** The ways to reach Temporal Cloud, up to the connection's options: no account is needed to see that they are read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { withFiles } from '../config/load';
import { createTemporalClient } from './temporal';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'podium-webchat-temporal-'));
  for (const [name, content] of [
    ['api-key', 'a-key\n'],
    ['client.pem', 'a certificate'],
    ['client.key', 'a key of it'],
    [
      'temporal.toml',
      `[profile.cloud]
       address = "chats.a1b2c.tmprl.cloud:7233"
       namespace = "chats.a1b2c"
       [profile.cloud.tls]
       client_cert_path = "${join(directory, 'client.pem')}"
       client_key_path = "${join(directory, 'client.key')}"`,
    ],
  ] as const)
    writeFileSync(join(directory, name), content);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** As servers, workers and the migration read it. */
const config = (env: Record<string, string>) => loadClientConnectConfig({ overrideEnvVars: withFiles(env) });

test('an API key may come from a file, and brings TLS with it', () => {
  const { connectionOptions, namespace } = config({
    TEMPORAL_ADDRESS: 'eu-central-1.aws.api.temporal.io:7233',
    TEMPORAL_NAMESPACE: 'chats.a1b2c',
    TEMPORAL_API_KEY_FILE: join(directory, 'api-key'),
  });
  expect(namespace).toBe('chats.a1b2c');
  expect(connectionOptions).toMatchObject({
    address: 'eu-central-1.aws.api.temporal.io:7233',
    apiKey: 'a-key',
  });
  expect(connectionOptions.tls).toBeTruthy();
});

test('a profile holds address, namespace and the certificate of mTLS', () => {
  const env = { TEMPORAL_CONFIG_FILE: join(directory, 'temporal.toml'), TEMPORAL_PROFILE: 'cloud' };
  const { connectionOptions, namespace } = config(env);
  expect(namespace).toBe('chats.a1b2c');
  expect(connectionOptions).toMatchObject({
    address: 'chats.a1b2c.tmprl.cloud:7233',
    tls: {
      clientCertPair: { crt: Buffer.from('a certificate'), key: Buffer.from('a key of it') },
    },
  });
});

test('the client is one of that namespace', async () => {
  const client = createTemporalClient(
    {},
    { TEMPORAL_ADDRESS: 'localhost:1', TEMPORAL_NAMESPACE: 'chats.a1b2c' },
  );
  expect(client.options.namespace).toBe('chats.a1b2c');
  await client.connection.close();
});
