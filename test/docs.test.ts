/** What people read keeps up with the code: links, commands, error codes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ERROR_CODES } from '../core/error-codes';
import { OPERATION_FAILURES } from '../ops/failures';
import { HTTP_FAILURES } from '../server/errors';
import { cli } from './support/cli';
import { createTestDatabase } from './support/database';

const ROOT = join(__dirname, '..');
const PAGES = ['README.md', ...pagesIn('docs')];

/** Of answers over HTTP, each with its status. */
const HTTP_CODES = Object.values({ ...HTTP_FAILURES, ...OPERATION_FAILURES })
  .map(({ code }) => code)
  .filter((code) => code.startsWith('ERR_HTTP_'));

/** Named, and there only once something was run. */
const MADE_LATER = ['bench/results/'];

describe('the links', () => {
  it.each(PAGES)('of %s lead somewhere', (page) => {
    const broken = linksOf(page).filter(({ path, anchor }) => !isThere(page, path, anchor));
    expect(broken).toEqual([]);
  });
});

describe('the files', () => {
  const rooms = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const path = new RegExp(`\`((?:${rooms.map(({ name }) => name).join('|')})/[\\w./-]+)\``, 'g');

  it.each(PAGES)('that %s names are there', (page) => {
    const named = [...read(page).matchAll(path)].map(([, file]) => file!);
    const missing = named.filter((file) => !existsSync(join(ROOT, file)));
    expect(missing.filter((file) => !MADE_LATER.includes(file))).toEqual([]);
  });
});

describe('the commands', () => {
  it('that the pages name exist, with their options', async () => {
    const wrong: string[] = [];
    for (const command of new Set(PAGES.flatMap(commandsOf))) {
      const problem = await whatIsWrongWith(command);
      if (problem) wrong.push(`${command}: ${problem}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe('the tables', () => {
  it('all stand in the page about the inside', async () => {
    const { pool, drop } = await createTestDatabase();
    const { rows } = await pool.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_name <> 'migrations'`,
    );
    await drop();
    const page = read('docs/implementation.md');
    expect(rows.map(({ name }) => name).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('the page of errors', () => {
  const page = read('docs/errors.md');

  it.each(Object.entries(ERROR_CODES))(
    'has the cause of %s, how it shows, what to do, and a command',
    (code, error) => {
      const [, section] = page.split(`### ${code} \`${error.name}\`\n`);
      const words = section?.split('\n### ')[0];
      expect(words).toContain(`> ${error.message}\n`);
      for (const point of ['Cause', 'Shows', 'Do', 'Command'])
        expect(words).toMatch(new RegExp(`- \\*\\*${point}\\.\\*\\* \\S`));
    },
  );

  it.each(HTTP_CODES)('has %s', (code) => {
    expect(page).toMatch(new RegExp(`^\\| \`${code}\` \\| \\d{3} \\| .+ \\|$`, 'm'));
  });

  it('has each code of an operation', () => {
    const isThere = (code: string) => new RegExp(`^\\| \`${code}\` +\\| .+ \\|$`, 'm').test(page);
    expect(operationCodes().filter((code) => !isThere(code))).toEqual([]);
  });

  it.each([
    'activities',
    'config',
    'core',
    'ops',
    'podium',
    'server',
    'store',
    'widget',
    'workers',
    'workflows',
  ])('has every code that %s names', (room) => {
    expect(codesIn(room).filter((code) => !page.includes(`${code}\``) && !page.includes(`${code} `))).toEqual(
      [],
    );
  });

  it('has no code that is not there', () => {
    const known = [...Object.keys(ERROR_CODES), ...HTTP_CODES, ...operationCodes()];
    const named = [...page.matchAll(/\bERR_[A-Z]+_[A-Z0-9_]+\b/g)].map(([code]) => code);
    expect(named.filter((code) => !known.includes(code))).toEqual([]);
  });
});

/** Each stands where it is thrown. */
function operationCodes(): string[] {
  return codesIn('ops').filter((code) => code.startsWith('ERR_OPS_'));
}

/** Those that the sources of a room name. */
function codesIn(room: string): string[] {
  const names = readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' });
  const sources = names
    .filter((name) => /(?<!\.test)\.tsx?$/.test(name))
    .map((name) => read(join(room, name)));
  return [...new Set(sources.flatMap((source) => source.match(/\bERR_[A-Z]+_[A-Z0-9_]*[A-Z0-9]\b/g) ?? []))];
}

function pagesIn(directory: string): string[] {
  const names = readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.md')).map((name) => join(directory, name));
}

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** The links of a page to files of the repository, and to its own parts. */
function linksOf(page: string): { path: string; anchor: string | undefined }[] {
  const targets = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => ({ path: target.split('#')[0]!, anchor: target.split('#')[1] }));
}

function isThere(page: string, path: string, anchor: string | undefined): boolean {
  const file = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
  if (!existsSync(join(ROOT, file))) return false;
  return anchor === undefined || headingsOf(file).includes(anchor);
}

/** The headings of a page, as a link names them. */
function headingsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Each command of the operator's that a page names, in code: its words and the names of its options. */
function commandsOf(page: string): string[] {
  const code = [...read(page).matchAll(/`([^`\n]+)`|^```sh\n([^]*?)^```/gm)].flatMap(
    ([, inline, block]) => inline ?? block!.split('\n'),
  );
  return code.flatMap((text) =>
    [...text.matchAll(/\bpodium-webchat (?=[a-z-])([^|#;…)]+)/g)].map(([, command]) => command!),
  );
}

/** @returns undefined when nothing is */
async function whatIsWrongWith(command: string): Promise<string | undefined> {
  const parts = command.trim().split(/\s+/);
  const end = parts.findIndex((part) => !/^[a-z]+$/.test(part));
  const words = end < 0 ? parts : parts.slice(0, end);
  if (words.length === 0) return undefined; // an option of the program itself
  const { out, exitCode } = await cli({}, [...words, '--help']);
  const [usage = ''] = out.split('\n');
  const called = `Usage: podium-webchat ${words.join(' ')} `;
  const takesArgument = /[[<]\w+[\]>]$/.test(usage.replace('[options]', ''));
  const isThere = usage.startsWith(called) || (takesArgument && called.startsWith(usage.split(' [')[0]!));
  if (exitCode !== 0 || !isThere) return 'there is no such command';
  const unknown = parts
    .filter((part) => part.startsWith('--'))
    .find((option) => !out.includes(option.split('=')[0]!));
  return unknown && `it has no ${unknown}`;
}
