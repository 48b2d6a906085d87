/** The receiving half of the server over real HTTP, on a test file's database. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from '@temporalio/client';
import type Koa from 'koa';
import pino from 'pino';
import { loadSettings } from '../../config/load';
import type { Location, PodiumEvent } from '../../core/events';
import { judge } from '../../core/verdict';
import type { OpsTools } from '../../ops/operation';
import type { PodiumApi } from '../../podium/api';
import { createApp, type AppDependencies } from '../../server/app';
import { CodecUses } from '../../server/codec-uses';
import { createInboxWriter } from '../../server/inbox-writer';
import { createMetrics } from '../../server/metrics';
import { ReplyFeed } from '../../server/reply-feed';
import type { Pool } from '../../store/database';
import { receive, type ReceivedEvent } from '../../store/inbox';
import { noFiles } from './no-files';
import { context, NORTHSIDE } from './received';
import { shippedWords } from './shipped-words';

export const SECRET = 'a webhook secret';
/** Still taken while secrets are changed. */
export const OLD_SECRET = 'the secret before';
export const TOKENS = [
  { name: 'alice', token: 'token-of-alice', scope: 'all' },
  { name: 'temporal-ui', token: 'token-in-an-address', scope: 'codec' },
] as const;
const STORE: Location = { uid: NORTHSIDE, name: 'Northside Motors', country: 'AU', archived: false };

const SETTINGS = loadSettings();

/** What links to files are made of. */
export const LINKS = {
  publicUrl: 'https://webchat.example.com',
  encryptionKeys: context.files.encryptionKeys,
};

const ENVIRONMENT = {
  ...{ idKeys: ['an-id-key-of-some-length'], encryptionKeys: LINKS.encryptionKeys },
  ...{ publicUrl: LINKS.publicUrl, auditKeys: null, podiumContract: null },
};

export interface Receiver {
  url: string;
  app: Koa;
  /** What arrived, signed and whole, in this order. */
  arrived: ReceivedEvent[];
  /** With which secrets Podium's events were signed, in this order. */
  signedWith: string[];
  close(): Promise<void>;
}

/** A busy machine is no reason to answer 503: that is for the tests of it. */
const BUDGET_MS = 60_000;

/** Starts an HTTP server on a free port. `change` replaces parts of the application. */
export async function startReceiver(
  pool: Pool,
  change: (parts: AppDependencies) => AppDependencies = (parts) => parts,
): Promise<Receiver> {
  const arrived: ReceivedEvent[] = [];
  const signedWith: string[] = [];
  const write = createInboxWriter(
    (batch) => receive(pool, batch, context),
    () => undefined,
  );
  const judgeEvent = (event: PodiumEvent) =>
    judge(event, (uid) => (uid === NORTHSIDE ? STORE : undefined), shippedWords);
  const rules = {
    maxBytes: context.files.maxBytes,
    allowedTypes: ['image/png', 'image/jpeg', 'application/pdf'],
  };
  const logger = pino({ level: 'silent' });
  const metrics = createMetrics();
  const feed = new ReplyFeed(pool, logger);
  const parts: AppDependencies = {
    webhook: {
      rules: { secrets: [SECRET, OLD_SECRET], replayWindowSeconds: 950_400, clockSkewSeconds: 300 },
      judge: judgeEvent,
      write: (received, signal) => {
        arrived.push(received);
        return write(received, signal);
      },
      onVerified: (secret) => signedWith.push(secret),
      metrics,
      logger,
      budgetMs: BUDGET_MS,
    },
    widget: {
      ...{ pool, files: noFiles, metrics, logger },
      judge: judgeEvent,
      ...{ rules, settings: SETTINGS.widget, publicUrl: LINKS.publicUrl, scripts: '/nowhere' },
      onRejection: () => undefined,
      fileRules: { ...context.files, auditHash: context.auditHash },
      findLocation: async (uid) => (uid === NORTHSIDE ? STORE : undefined),
      receive: async (received) => {
        arrived.push(received);
        return (await receive(pool, [received], context))[0]!;
      },
      addressOf: () => 'somewhere',
      feed,
      robotName: 'Virtual assistant',
    },
    checks: { required: {}, wanted: {} },
    metrics,
    ops: opsTools(pool),
    files: { pool, encryptionKeys: LINKS.encryptionKeys, files: noFiles },
    fileSends: { pool, auditHash: context.auditHash, files: noFiles, rules, settings: SETTINGS },
    codec: { encode: async (payloads) => payloads, decode: async (payloads) => payloads },
    codecUses: new CodecUses(logger),
    tokens: TOKENS,
    demo: null,
    logger,
  };
  const app = createApp(change(parts));
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  const url = await listen(server);
  return { url, app, arrived, signedWith, close: () => close(server, feed) };
}

/** Operations on the database alone, under the keys of the tests. */
export function opsTools(pool: Pool, client = {} as Client): OpsTools {
  return {
    pool,
    temporal: client,
    podium: {} as PodiumApi,
    settings: SETTINGS,
    environment: () => ENVIRONMENT as never,
    openFiles: async () => noFiles,
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server, feed: ReplyFeed): Promise<void> {
  feed.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
