/**
 * Schemathesis asks a whole system everything that its own description allows, and much that it forbids. What it
 * destroys (customers erased, webhooks deleted, opt-outs) is thrown away with the system.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provisionSchemathesis } from '../embedded/provision/schemathesis';
import { contentOf } from './support/file-contents';
import { publishedEvent } from './support/podium-events';
import { BAYVIEW, NO_COUNTRY, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';
import { upload } from './support/upload';

/** Who is asked about. */
const PHONES = Array.from({ length: 10 }, (_, n) => `+141555501${20 + n}`);
/** Whose file has the link: nobody is erased who is not asked about. */
const OWNER = '+14155550130';
/** On a quiet machine it takes half a minute. */
const MOST_MS = 600_000;

const ARGUMENTS = [
  ...['--checks', 'all', '--seed', '7', '--max-examples', '5', '--continue-on-failure'],
  // One after the other, so that the same seed asks the same in the same order.
  ...['--workers', '1', '--request-timeout', '60', '--generation-database', 'none', '--no-color'],
];

/** What is never done here, and where it is tried instead. */
const NEVER_DONE: Record<string, string> = {
  'get /openapi.json': 'it is where Schemathesis begins',
  'get /widget/replies': 'the answer would not end: server/widget-replies.test.ts',
  'post /ops/workers/promote': 'no worker here has a version: test/worker-upgrade.test.ts',
  'post /ops/webhook/delete': 'the others need the only webhook that there is: ops/cli/webhook.test.ts',
};

interface Described {
  security: object[];
}
interface Description {
  paths: Record<string, Record<string, Described>>;
  components: { securitySchemes: Record<string, { scheme?: string }> };
}

let folder: string;
let system: System;
let description: Description;
let routes: { name: string; method: string; path: string; security: object[] }[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podium-webchat-openapi-'));
  await provisionSchemathesis();
  system = await startSystem({ environment: { TRUSTED_PROXIES: '127.0.0.0/8' } });
  description = (await (await fetch(`${url()}/openapi.json`)).json()) as Description;
  routes = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      name: `${method} ${path}`,
      method,
      path,
      security,
    })),
  );
});
afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

const url = () => system.serverUrls[0]!;

test('who needs a right and does not show it is told so, at every route alike', async () => {
  const secured = routes.filter(({ security }) => security.length > 0);
  expect(secured.length).toBeGreaterThan(50);
  for (const { name, method, path } of secured)
    for (const authorization of [undefined, 'Bearer of-nobody', 'Basic YTpi']) {
      const headers: Record<string, string> = authorization ? { authorization } : {};
      const answer = await fetch(`${url()}${path}?location_uid=${NORTHSIDE}`, {
        method: method.toUpperCase(),
        headers,
      });
      const { error } = (await answer.json()) as { error: object };
      expect([name, answer.status, Object.keys(error)]).toEqual([name, 401, ['code', 'message', 'hint']]);
    }
});

test(
  'whatever is asked, the answer is one that is described, and never an accident',
  async () => {
    for (const phone of PHONES) await system.post(publishedEvent({ phone, body: 'Hello' }));
    await system.isQuiet();
    const calls = join(folder, 'calls.har');
    const { exitCode, printed } = await schemathesis(
      ...['run', `${url()}/openapi.json`, ...ARGUMENTS, '--report', 'har', '--report-har-path', calls],
    );
    if (exitCode !== 0) throw new Error(printed);

    const done = await succeeded(calls);
    const never = routes.filter(({ path, method }) => !done.some((call) => isOf(call, method, path)));
    expect(never.map(({ name }) => name).sort()).toEqual(Object.keys(NEVER_DONE).sort());
  },
  MOST_MS + 30_000,
);

async function schemathesis(...args: string[]): Promise<{ exitCode: number; printed: string }> {
  const env = {
    ...process.env,
    ...{ SCHEMATHESIS_HOOKS: join(__dirname, 'support/schemathesis.py'), PYTHONDONTWRITEBYTECODE: '1' },
    ...{ OPS_TOKEN: system.keys.opsToken, CODEC_TOKEN: system.keys.codecToken },
    ...{ WEBHOOK_SECRET: system.keys.webhookSecret },
    ...{ PHONES: PHONES.join(' '), STORES: [NORTHSIDE, BAYVIEW, NO_COUNTRY].join(' ') },
    ...{ FILE_LINK: await linkToFile(), FILE_SEND: await sendFile(), WEBHOOK: await webhook() },
  };
  const options = { cwd: folder, env, timeout: MOST_MS, maxBuffer: 64 * 1024 * 1024 };
  const program = await provisionSchemathesis();
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ exitCode: error ? Number(error.code ?? 1) : 0, printed: `${stdout}\n${stderr}` }),
    );
  });
}

/** The last part of the address of a customer's file. */
async function linkToFile(): Promise<string> {
  const fields = {
    message_id: 'a1d1dfac-8798-4200-a4b0-7eada455e5f4',
    phone: OWNER,
    location_uid: NORTHSIDE,
  };
  const { status } = await upload(`${url()}/widget/attachments`, { fields, file: contentOf('png', 1_000) });
  expect(status).toBe(202);
  const { files } = await system.ops<{ files: { link: string }[] }>('files list', { phone: OWNER });
  return files[0]!.link.split('/').at(-1)!;
}

/** The id of a file that is sent to a customer. */
async function sendFile(): Promise<string> {
  const fields = {
    message_id: '7acd4a14-238c-4869-bda7-a3245a053546',
    phone: OWNER,
    location_uid: NORTHSIDE,
  };
  const headers = { authorization: `Bearer ${system.keys.opsToken}` };
  const form = { fields, file: contentOf('png', 1_000) };
  const { status } = await upload(`${url()}/ops/messages/attachment`, form, { headers });
  expect(status).toBe(202);
  return fields.message_id;
}

/** The uid of the simulator's webhook. */
async function webhook(): Promise<string> {
  const { webhooks } = await system.ops<{ webhooks: { uid: string }[] }>('webhook list', {});
  return webhooks[0]!.uid;
}

/** Which requests were answered with success. */
async function succeeded(file: string): Promise<{ method: string; path: string }[]> {
  interface Entry {
    request: { method: string; url: string };
    response: { status: number };
  }
  const { log } = JSON.parse(await readFile(file, 'utf8')) as { log: { entries: Entry[] } };
  const good = log.entries.filter(({ response }) => response.status >= 200 && response.status < 300);
  return good.map(({ request }) => ({ method: request.method, path: new URL(request.url).pathname }));
}

function isOf(call: { method: string; path: string }, method: string, template: string): boolean {
  const pattern = new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);
  return call.method.toLowerCase() === method && pattern.test(call.path);
}
