/** The rules of the house, tried on a house in which every room imports from every other. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..');
const ROOMS = 'core podium store config activities workflows workers ops server widget simulator embedded';
const rooms = ROOMS.split(' ');

/** Rooms whose code runs where nothing heavy and nothing of Node is. */
const LIGHT = ['workflows', 'widget'];

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

/** What a workflow or a page must not carry: each stands in a file of `core/`, to which another one leads. */
const FAR: Record<string, string> = {
  zod: "import { z } from 'zod'; export const far = z;",
  'libphonenumber-js': "import { AsYouType } from 'libphonenumber-js/max'; export const far = AsYouType;",
  'node-crypto': "import { createHash } from 'node:crypto'; export const far = createHash;",
};

let house: string;
/** What the tool says of the whole house, read once: it takes seconds to look at it. */
let violations: Violation[];
let reaches: Violation[];

beforeAll(async () => {
  house = mkdtempSync(join(tmpdir(), 'podium-webchat-rooms-'));
  for (const name of ['node_modules', 'tsconfig.json']) symlinkSync(join(ROOT, name), join(house, name));
  for (const room of rooms) furnish(room);
  write('core/uses-type.ts', "import type { Thing } from '../store/thing'; export type Its = Thing;");
  write('workflows/by-type.ts', "import type { Thing } from '../activities/thing'; export type Its = Thing;");
  write('workflows/by-code.ts', "import { thing } from '../activities/thing'; export const its = thing;");
  write('core/thing.test.ts', "import { thing } from '../store/thing'; export const its = thing;");
  for (const [name, source] of Object.entries(FAR)) {
    write(`core/far-${name}.ts`, source);
    write(`core/between-${name}.ts`, `import { far } from './far-${name}'; export const near = far;`);
    for (const room of LIGHT)
      write(
        `${room}/starts-${name}.ts`,
        `import { near } from '../core/between-${name}'; export const its = near;`,
      );
  }
  write('core/phone.ts', FAR['libphonenumber-js']!);
  write('widget/phone-at-once.ts', "import { far } from '../core/phone'; export const its = far;");
  write('widget/phone-when-needed.ts', "export const its = () => import('../core/phone');");
  write('core/far-type.ts', "import type { z } from 'zod'; export type Far = z.ZodType;");
  for (const room of LIGHT)
    write(`${room}/names-type.ts`, "import type { Far } from '../core/far-type'; export type Its = Far;");
  [violations, reaches] = await Promise.all([
    cruise('.dependency-cruiser.cjs'),
    cruise('.dependency-cruiser.reach.cjs'),
  ]);
}, 180_000);
afterAll(() => rmSync(house, { recursive: true, force: true }));

it('lets a room import from those that its line names, and from no other', () => {
  for (const room of rooms) {
    const refused = rooms.filter((other) => violations.some(isImport(`${room}/uses-${other}.ts`)));
    const forbidden = rooms.filter((other) => other !== room && !ALLOWED[room]?.split(' ').includes(other));
    expect({ room, refused }).toEqual({ room, refused: forbidden });
  }
});

it('counts the import of a type across rooms as well', () => {
  expect(violations.filter(isImport('core/uses-type.ts'))).toEqual([
    expect.objectContaining({ to: 'store/thing.ts' }),
  ]);
});

it('lets a workflow name its activities by type, and never import their code', () => {
  expect(violations.filter(isImport('workflows/by-type.ts'))).toEqual([]);
  expect(violations.filter(isImport('workflows/by-code.ts'))).toHaveLength(1);
});

it('lets a test use every room', () => {
  expect(violations.filter(isImport('core/thing.test.ts'))).toEqual([]);
});

it('lets the widget have the rules of phones when one is typed, and not before', () => {
  expect(violations.filter(isImport('widget/phone-at-once.ts'))).toHaveLength(1);
  expect(violations.filter(isImport('widget/phone-when-needed.ts'))).toEqual([]);
});

describe.each(LIGHT)('%s/', (room) => {
  const far = Object.keys(FAR).filter((name) => room !== 'widget' || name !== 'libphonenumber-js');
  it.each(far)('cannot reach %s, however many files lie between', (name) => {
    expect(reaches.filter(isImport(`${room}/starts-${name}.ts`))).toHaveLength(1);
  });

  it('may name a type that comes from there, since it is gone when the code runs', () => {
    expect(reaches.filter(isImport(`${room}/names-type.ts`))).toEqual([]);
  });
});

interface Violation {
  from: string;
  to: string;
}

function isImport(file: string) {
  return ({ from }: Violation) => from === file;
}

/** A room that imports from every other. */
function furnish(room: string): void {
  write(`${room}/thing.ts`, 'export const thing = 1; export type Thing = number;');
  for (const other of rooms.filter((other) => other !== room))
    write(`${room}/uses-${other}.ts`, `import { thing } from '../${other}/thing'; export const its = thing;`);
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
