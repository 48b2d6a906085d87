/** A new operator's first day, from the docs alone: the commands of the page, in their order, by a shell. */
import { copyFile, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../embedded/child';
import { ROOT } from '../embedded/paths';
import { temporalProgram } from '../embedded/programs';
import { provisionTemporal } from '../embedded/provision/temporal-cli';
import { startTemporal } from '../embedded/temporal';
import { createTestDatabase, type TestDatabase } from './support/database';
import { freePort } from './support/ports';
import { asPrinted, readShellPage, shellIn, type Shell, type ShellPage } from './support/shell-page';

const PAGE = join(ROOT, 'docs/first-day.md');
const PARTS = 9;

jest.setTimeout(300_000);

let database: TestDatabase;
let temporal: Child;
let directory: string;
let page: ShellPage;
let shell: Shell;
beforeAll(async () => {
  page = await readShellPage(PAGE);
  directory = await mkdtemp(join(tmpdir(), 'podium-webchat-first-day-'));
  await makeCheckout();
  database = await createTestDatabase();
  await database.pool.query('drop schema public cascade; create schema public');
  const temporalPort = await freePort();
  temporal = new Child(await temporalOn(temporalPort));
  await startTemporal(temporal);
  shell = await shellIn(
    directory,
    {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
      PORT: String(await freePort()),
      SIM_PORT: String(await freePort()),
    },
    { 'xdg-open': AGREES },
  );
});
afterAll(async () => {
  await endPrograms();
  await temporal?.stop();
  await database?.drop();
  await rm(directory, { recursive: true, force: true });
});

/** A browser in which the user of Podium agrees. */
const AGREES = 'curl -sL "$1" >/dev/null\n';

test('the page has all its parts, in order', () => {
  expect(page.parts.map(({ title }) => Number(title.split('.')[0]))).toEqual(
    Array.from({ length: PARTS }, (_, n) => n + 1),
  );
});

test.each(Array.from({ length: PARTS }, (_, n) => n + 1))('part %i prints what the page says', async (n) => {
  const { commands, output } = page.parts[n - 1]!;
  expect(
    await shell(`${page.setUp}
${commands}`),
  ).toMatch(asPrinted(output));
});

/** As far as the page uses one: what is built, and what is copied. */
async function makeCheckout(): Promise<void> {
  for (const name of ['dist', 'package.json']) await symlink(join(ROOT, name), join(directory, name));
  await copyFile(join(ROOT, '.env.example'), join(directory, '.env.example'));
}

async function temporalOn(port: number): Promise<Child['program']> {
  const plan = { port, uiPort: 0, databaseFile: null, codecEndpoint: null };
  const places = { logDirectory: directory, dataDirectory: directory };
  return temporalProgram({ ...plan, cli: await provisionTemporal() }, places);
}

/** What the page has begun and, where a part has failed, not ended. Temporal is on its leash. */
async function endPrograms(): Promise<void> {
  const files = (await readdir(directory)).filter((name) => name.endsWith('.pid') && name !== 'temporal.pid');
  for (const file of files) {
    try {
      process.kill(Number(await readFile(join(directory, file), 'utf8')));
    } catch {
      // it has ended by itself
    }
  }
}
