/** `.env.example` is what an operator starts from: it names every variable, and none that nobody reads. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILE_VARIABLES } from './environment';

const EXAMPLE = readFileSync(join(__dirname, '../.env.example'), 'utf8');
const COMPOSE = readFileSync(join(__dirname, '../docker-compose.yml'), 'utf8');
const COMMAND = readFileSync(join(__dirname, '../ops/cli/context.ts'), 'utf8');

/** As `FOO=` or `#FOO=`; what stands behind a blank is prose. */
const named = [...EXAMPLE.matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name!);
/** Read by Temporal's configuration, by the AWS SDK and by OpenTelemetry's. */
const OTHERS = /^(TEMPORAL|AWS|OTEL)_/;

it('names every variable that is read, once', () => {
  expect(named.filter((name, at) => named.indexOf(name) !== at)).toEqual([]);
  expect(FILE_VARIABLES.filter((name) => !named.includes(name))).toEqual([]);
});

it('names none that nobody reads', () => {
  const isRead = (name: string) =>
    FILE_VARIABLES.includes(name) ||
    OTHERS.test(name) ||
    COMPOSE.includes(`\${${name}`) ||
    COMMAND.includes(`env['${name}']`);
  expect(named.filter((name) => !isRead(name))).toEqual([]);
});

it('holds no secret', () => {
  const values = [...EXAMPLE.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name, value]) => [name, value]);
  expect(values.filter(([, value]) => value !== '')).toEqual([]);
});
