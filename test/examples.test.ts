/** The examples of the docs do what they say: each is run by a shell against the whole system. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built } from '../embedded/paths';
import { startSystem, type System } from './support/system';

const PAGE = join(__dirname, '../docs/examples.md');
const EXAMPLES = 10;

interface Example {
  title: string;
  commands: string;
  output: string;
}

let system: System;
let directory: string;
let setUp: string;
let examples: Example[];
beforeAll(async () => {
  ({ setUp, examples } = readPage(await readFile(PAGE, 'utf8')));
  system = await startSystem();
  directory = await mkdtemp(join(tmpdir(), 'podium-webchat-examples-'));
  await describeSystem();
  await callCommandDirectly();
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await system.stop();
});

test('there are ten of them, each with what it prints', () => {
  expect(examples.map(({ title }) => Number(title.split('.')[0]))).toEqual(
    Array.from({ length: EXAMPLES }, (_, n) => n + 1),
  );
});

test.each(Array.from({ length: EXAMPLES }, (_, n) => n + 1))(
  'example %i prints what the page says',
  async (n) => {
    const { commands, output } = examples[n - 1]!;
    expect(await shell(`${setUp}\n${commands}`)).toMatch(pattern(output));
  },
);

/** The file that `npm start` leaves for other programs, as far as the page reads it. */
async function describeSystem(): Promise<void> {
  await mkdir(join(directory, '.data'));
  const runtime = { server: system.serverUrls[0], webhookSecret: system.keys.webhookSecret };
  await writeFile(join(directory, '.data/runtime.json'), JSON.stringify(runtime));
}

/** `npx podium-webchat` starts the command of the build. */
async function callCommandDirectly(): Promise<void> {
  const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${built('ops/cli/main.js')}' "$@"\n`;
  await writeFile(join(directory, 'npx'), npx);
  await chmod(join(directory, 'npx'), 0o755);
}

/** Runs a script in bash. @returns what it printed and what it said */
function shell(script: string): Promise<string> {
  const { PATH } = process.env;
  const environment = { ...process.env, ...system.servers[0]!.program.env, PATH: `${directory}:${PATH}` };
  return new Promise((resolve) => {
    execFile('bash', ['-c', `exec 2>&1\n${script}`], { cwd: directory, env: environment }, (_, stdout) =>
      resolve(stdout),
    );
  });
}

/** The page's first block of commands is for all; each example has one, and a block of what it prints. */
function readPage(page: string): { setUp: string; examples: Example[] } {
  const [before = '', ...sections] = page.split(/^## /m);
  return {
    setUp: block(before, 'sh'),
    examples: sections.map((section) => ({
      title: section.split('\n')[0]!,
      commands: block(section, 'sh'),
      output: block(section, 'text'),
    })),
  };
}

function block(section: string, language: string): string {
  const [, content] = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'm').exec(section) ?? [];
  if (content === undefined)
    throw new Error(`There is no block of ${language} in: ${section.split('\n')[0]}`);
  return content;
}

/** What was printed, with anything in place of each `…`. */
function pattern(output: string): RegExp {
  const parts = output.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`);
}
