/** The rules of the house, tried on a house in which every room imports from every other. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..');
const ROOMS = 'core podium store config activities workflows workers ops server widget simulator embedded';
const rooms = ROOMS.split(' ');

const ALLOWED: Record<string, string> = {
  core: '',
  podium: 'core',
  store: 'core',
  config: 'core',
  activities: 'core podium store config',
  workflows: 'core',
  workers: 'core podium store config activities',
  ops: 'core podium store config',
  server: 'core podium store config ops',
  widget: 'core',
  simulator: '',
  embedded: ROOMS,
};

let house: string;

beforeEach(() => {
  house = mkdtempSync(join(tmpdir(), 'podium-webchat-rooms-'));
  for (const name of ['node_modules', 'tsconfig.json']) symlinkSync(join(ROOT, name), join(house, name));
  for (const room of rooms) write(`${room}/thing.ts`, 'export const thing = 1; export type Thing = number;');
});
afterEach(() => rmSync(house, { recursive: true, force: true }));

it('lets a room import from those that its line names, and from no other', async () => {
  for (const room of rooms) {
    for (const other of rooms.filter((other) => other !== room))
      write(
        `${room}/uses-${other}.ts`,
        `import { thing } from '../${other}/thing'; export const its = thing;`,
      );
  }
  const violations = await cruise('.dependency-cruiser.cjs');
  for (const room of rooms) {
    const refused = rooms.filter((other) => violations.some(isImport(`${room}/uses-${other}.ts`)));
    const forbidden = rooms.filter((other) => other !== room && !ALLOWED[room]?.split(' ').includes(other));
    expect({ room, refused }).toEqual({ room, refused: forbidden });
  }
});

it('counts the import of a type across rooms as well', async () => {
  write('core/uses-type.ts', "import type { Thing } from '../store/thing'; export type Its = Thing;");
  expect(await cruise('.dependency-cruiser.cjs')).toEqual([
    expect.objectContaining({ from: 'core/uses-type.ts', to: 'store/thing.ts' }),
  ]);
});

it('lets a workflow name its activities by type, and never import their code', async () => {
  write('workflows/by-type.ts', "import type { Thing } from '../activities/thing'; export type Its = Thing;");
  write('workflows/by-code.ts', "import { thing } from '../activities/thing'; export const its = thing;");
  expect(await cruise('.dependency-cruiser.cjs')).toEqual([
    expect.objectContaining({ from: 'workflows/by-code.ts' }),
  ]);
});

it('lets a test use every room', async () => {
  write('core/thing.test.ts', "import { thing } from '../store/thing'; export const its = thing;");
  expect(await cruise('.dependency-cruiser.cjs')).toEqual([]);
});

describe.each(['workflows', 'widget'])('%s/', (room) => {
  it.each([
    ['zod', "import { z } from 'zod'; export const far = z;"],
    ['libphonenumber-js', "import { AsYouType } from 'libphonenumber-js/max'; export const far = AsYouType;"],
    ['a module of Node', "import { createHash } from 'node:crypto'; export const far = createHash;"],
  ])('cannot reach %s, however many files lie between', async (_, source) => {
    write('core/far.ts', source);
    write('core/between.ts', "import { far } from './far'; export const near = far;");
    write(`${room}/starts.ts`, "import { near } from '../core/between'; export const its = near;");
    expect(await cruise('.dependency-cruiser.reach.cjs')).toEqual([
      expect.objectContaining({ from: `${room}/starts.ts` }),
    ]);
  });

  it('may name a type that comes from there, since it is gone when the code runs', async () => {
    write('core/far.ts', "import type { z } from 'zod'; export type Far = z.ZodType;");
    write(`${room}/starts.ts`, "import type { Far } from '../core/far'; export type Its = Far;");
    expect(await cruise('.dependency-cruiser.reach.cjs')).toEqual([]);
  });
});

interface Violation {
  from: string;
  to: string;
}

function isImport(file: string) {
  return ({ from }: Violation) => from === file;
}

function write(file: string, source: string): void {
  mkdirSync(dirname(join(house, file)), { recursive: true });
  writeFileSync(join(house, file), `${source}\n`);
}

function cruise(config: string): Promise<Violation[]> {
  const tool = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [tool, '--config', join(ROOT, config), '--output-type', 'json', ...rooms];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: house, maxBuffer: 1e8 }, (_, stdout, stderr) => {
      try {
        const { summary } = JSON.parse(stdout) as { summary: { violations: Violation[] } };
        resolve(summary.violations);
      } catch (error) {
        reject(new Error(stderr, { cause: error }));
      }
    });
  });
}
