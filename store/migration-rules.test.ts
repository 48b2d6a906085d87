/** What docs/implementation.md says of migrations, as far as their SQL shows it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownMigrations, MIGRATIONS } from './migration-files';

interface Migration {
  name: string;
  /** What is said about the migration as a whole. */
  head: string;
  /** The statements of the way up that change tables which were there before, in small letters and without comments. */
  changes: string[];
}

const migrations = knownMigrations().map((name): Migration => {
  const [head, up] = readFileSync(join(MIGRATIONS!, `${name}.sql`), 'utf8').split(
    /^-- (?:Up|Down) Migration$/m,
  );
  const statements = up!
    .replace(/--.*$/gm, '')
    .toLowerCase()
    .split(/;\s*$/m)
    .map((statement) => statement.trim());
  const made = statements.map((statement) => /^create table (\w+)/.exec(statement)?.[1]);
  const isOfNewTable = (statement: string) =>
    made.includes(/(?:^alter table| on) (\w+)/.exec(statement)?.[1]);
  return { name, head: head!, changes: statements.filter((one) => one !== '' && !isOfNewTable(one)) };
});

/** What the version before may stumble over: a name that is gone, or a row that is refused. */
function mayBreak(statement: string): boolean {
  const columns = statement.split(/,\s*(?=add|alter|drop)/);
  return (
    /\brename\b|\bdrop (table|column|default)\b|\bset not null\b|\btype\b|^create unique index/.test(
      statement,
    ) ||
    /\badd constraint\b/.test(statement) ||
    columns.some((column) => /\badd column\b.*\bnot null\b/.test(column) && !/\bdefault\b/.test(column))
  );
}

/** Keeps everybody from writing for as long as it reads the table. */
function isLong(statement: string): boolean {
  return (
    /^create (unique )?index (?!concurrently)/.test(statement) ||
    (/\badd constraint\b/.test(statement) && !/\bnot valid\b|\busing index\b/.test(statement))
  );
}

/** The first one that was made by the rule. */
const BY_THE_RULE = '0032';

describe.each(migrations)('$name', ({ name, head, changes }) => {
  test('says why the version before can go on, or that it has to be stopped, where that is a question', () => {
    if (changes.some(mayBreak)) expect(head).toMatch(/^-- (Beside|Stop) the version before: /m);
  });

  test('keeps nobody from writing while it reads a table', () => {
    if (name >= BY_THE_RULE) expect(changes.filter(isLong)).toEqual([]);
  });
});

test('whoever upgrades is told of each migration for which all has to stop', () => {
  const running = readFileSync(join(__dirname, '../docs/running.md'), 'utf8');
  const stops = migrations.filter(({ head }) => /^-- Stop the version before/m.test(head));
  for (const { name } of stops) expect(running).toContain(`\`${name}\``);
});

test.each([
  'alter table sends add column channel text not null',
  'alter table sends add column a text not null default 1, add column b text not null',
  'alter table sends alter column body set not null',
  'alter table sends drop column body',
  'alter table sends rename column body to text',
])('is asked about: %s', (statement) => expect(mayBreak(statement)).toBe(true));

test.each([
  'alter table sends add column channel text',
  "alter table sends add column channel text not null default 'sms'",
  'create index concurrently sends_channel on sends (channel)',
])('needs no word: %s', (statement) => expect(mayBreak(statement)).toBe(false));
