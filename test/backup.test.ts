/** Postgres is restored from a backup that is older than what happened, and Temporal loses everything. */
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../embedded/paths';
import { provisionPostgresTools } from '../embedded/provision/postgres-tools';
import { provisionTemporal } from '../embedded/provision/temporal-cli';
import { asPrinted, readShellPage, shellIn, type Shell, type ShellPage } from './support/shell-page';
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

/** Chats that are open when the backup is made, and one that begins after it. */
const [FRED, ANNE, BOB, ELLA, CARL] = [
  ...['+14155550151', '+14155550152', '+14155550153', '+14155550154', '+14155550155'],
] as [string, string, string, string, string];
/** Reconciliation leaves out the last twentieth of its interval, in which a webhook may be on its way. */
const SOON = { reconciliation: { interval_seconds: 60 } };
/** Has opted out before the backup. */
const DORA = '+14155550156';
const EVERYBODY = [FRED, ANNE, BOB, ELLA, CARL, DORA];

jest.setTimeout(420_000);

let system: System;
let directory: string;
let page: ShellPage;
let shell: Shell;
let supervisor: Server;
beforeAll(async () => {
  page = await readShellPage(join(ROOT, 'docs/backup.md'));
  const postgresBinaries = await provisionPostgresTools();
  system = await startSystem({ stoppable: true, postgresBinaries, settings: SOON });
  await system.simulator.set({ opt_out_whitelisted: true });
  directory = await mkdtemp(join(tmpdir(), 'podium-webchat-backup-'));
  for (const name of ['dist', 'package.json']) await symlink(join(ROOT, name), join(directory, name));
  supervisor = await supervise();
  const { port } = supervisor.address() as AddressInfo;
  const environment = { ...system.environment, PATH: `${postgresBinaries}:${process.env['PATH']}` };
  shell = await shellIn(directory, environment, {
    docker: `exec curl -sf "http://127.0.0.1:${port}/$2"\n`,
    temporal: `exec '${await provisionTemporal()}' "$@"\n`,
  });
});
afterAll(async () => {
  supervisor?.close();
  await system?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Stops and starts the product's processes when it is told so. */
async function supervise(): Promise<Server> {
  const server = createServer((request, response) => {
    const parts = [...system.servers, ...system.workers];
    const done = Promise.all(parts.map((part) => (request.url === '/stop' ? part.stop() : part.start())));
    void done.then(
      () => response.end(),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const write = (phone: string, body: string) =>
  system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body });
const perform = async (n: number) => {
  const { commands, output } = page.parts[n - 1]!;
  const printed = await shell(`${page.setUp}\n${commands}`);
  expect(printed).toMatch(asPrinted(output));
};
const textsToAll = async () =>
  Object.fromEntries(
    await Promise.all(EVERYBODY.map(async (phone) => [phone, await system.textsTo(phone)] as const)),
  );
const isOptedOut = async (phone: string) =>
  (await system.ops<{ opted_out: boolean }>('optout check', { phone })).opted_out;

describe('Postgres, restored to a state of before', () => {
  let before: Record<string, string[]>;

  beforeAll(async () => {
    for (const phone of [FRED, ANNE, BOB, ELLA]) await write(phone, 'Can I book a test drive?');
    for (const phone of [FRED, ANNE, BOB, ELLA]) await system.hears(1, phone);
    await write(FRED, '1');
    await system.hears(2, FRED);
    await write(DORA, 'STOP');
    await system.isQuiet();

    await perform(1);

    await write(ANNE, '1');
    await system.hears(2, ANNE);
    await write(BOB, 'STOP');
    await write(CARL, 'Are you open?');
    await system.hears(1, CARL);
    await system.ops('optout record', { phone: ELLA });
    await system.eventually('Podium to be told', async () => {
      const { podium } = await system.ops<{ podium: { state: string } | null }>('optout check', {
        phone: ELLA,
      });
      return podium?.state === 'told';
    });
    await system.isQuiet();
    before = await textsToAll();

    await perform(2);
    await system.isQuiet();
  });

  test.each([
    ['of before the backup', DORA],
    ['that a customer has written since', BOB],
    ['that an operator has recorded since, of which Podium was told', ELLA],
  ])('has every opt-out: one %s', async (_, phone) => {
    expect(await isOptedOut(phone)).toBe(true);
    await write(phone, 'Hello?');
    await system.isQuiet();
    expect(await system.textsTo(phone)).toEqual(before[phone]);
  });

  test('makes nobody hear anything a second time, and what was written since is with the store', async () => {
    expect(await textsToAll()).toEqual(before);
    for (const phone of [ANNE, CARL]) {
      const conversation = await system.simulator.conversation(phone, NORTHSIDE);
      // By the session, unless it was closed by hand before it had come to that.
      expect(conversation?.notes.map(({ body }) => body).join('\n')).toMatch(
        /is paused and has not answered|a person of the store owes the next word/,
      );
    }
  });

  test('lets an open chat come back with the next message, and the answers that it had', async () => {
    await write(FRED, 'Hello again');
    const texts = await system.hears(3, FRED);
    expect(texts[2]).toContain('Welcome back');
  });

  test('has an audit of which nothing was changed; what is missing at its end is told', async () => {
    const { problems } = await system.ops<{ problems: { kind: string }[] }>('audit verify', {});
    for (const { kind } of problems) expect(['cut_off', 'not_as_exported']).toContain(kind);
  });
});

describe('a Temporal that has lost everything', () => {
  let before: Record<string, string[]>;

  beforeAll(async () => {
    await system.isQuiet();
    before = await textsToAll();
    // Its note is on its way for two minutes when Temporal is lost.
    await system.simulator.fault({ method: 'POST', path: '/notes$', status: 503, times: 1_000 });
    await system.ops('sessions close', { phone: CARL, reason: 'Sold by phone' });
    await system.pool.query("update agent_notes set created_at = created_at - interval '2 minutes'");
    await system.loseTemporal();
    await system.simulator.clearFaults();
    await perform(3);
    await system.isQuiet();
  });

  test('makes nobody hear anything a second time, and the next message goes on where the chat ended', async () => {
    expect(await textsToAll()).toEqual(before);
    await write(FRED, 'And again');
    const texts = await system.hears(before[FRED]!.length + 1, FRED);
    expect(texts.at(-1)).toContain('Welcome back');
  });

  test('brings what was on its way to Podium there, once', async () => {
    const conversation = await system.simulator.conversation(CARL, NORTHSIDE);
    const notes = conversation!.notes.filter(({ body }) => body.includes('By: local'));
    expect(notes).toHaveLength(1);
  });
});
