/** The examples of the docs do what they say: each is run by a shell against the whole system. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asPrinted, readShellPage, shellIn, type Shell, type ShellPage } from './support/shell-page';
import { startSystem, type System } from './support/system';

const PAGE = join(__dirname, '../docs/examples.md');
const EXAMPLES = 10;

let system: System;
let directory: string;
let page: ShellPage;
let shell: Shell;
beforeAll(async () => {
  page = await readShellPage(PAGE);
  system = await startSystem();
  directory = await mkdtemp(join(tmpdir(), 'podium-webchat-examples-'));
  await describeSystem();
  shell = await shellIn(directory, system.servers[0]!.program.env);
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await system.stop();
});

test('there are ten of them, each with what it prints', () => {
  expect(page.parts.map(({ title }) => Number(title.split('.')[0]))).toEqual(
    Array.from({ length: EXAMPLES }, (_, n) => n + 1),
  );
});

test.each(Array.from({ length: EXAMPLES }, (_, n) => n + 1))(
  'example %i prints what the page says',
  async (n) => {
    const { commands, output } = page.parts[n - 1]!;
    expect(await shell(`${page.setUp}\n${commands}`)).toMatch(asPrinted(output));
  },
);

/** The file that `npm start` leaves for other programs, as far as the page reads it. */
async function describeSystem(): Promise<void> {
  await mkdir(join(directory, '.data'));
  const runtime = { server: system.serverUrls[0], webhookSecret: system.keys.webhookSecret };
  await writeFile(join(directory, '.data/runtime.json'), JSON.stringify(runtime));
}
