import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli } from '../../test/support/cli';

const classify = (...args: string[]) => cli({}, ['optout', 'classify', ...args]);

it('tells the wish of a text, with no environment at all', async () => {
  const { exitCode, out, err } = await classify('--text', 'Stop. Thanks', '--json');
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(JSON.parse(out)).toEqual({ text: 'Stop. Thanks', wish: 'opt_out', rule: 'B:STOP' });
});

it.each([
  ['leave me alone', 'ask (C:leave-me-alone)'],
  ['start', 'opt_in (A:START)'],
  ['Help!', 'help (A:HELP)'],
  ['Do you have it in red?', 'none'],
  ['', 'none'],
])('says of %j: %s', async (text, words) => {
  expect(await classify('--text', text)).toEqual({ exitCode: 0, out: `${words}\n`, err: '' });
});

it('reads a text a line from stdin, and prints an object a line', async () => {
  const lines = ['STOP', '', 'two words'];
  const { exitCode, out } = await cli({}, ['optout', 'classify', '--stdin'], { lines });
  expect(exitCode).toBe(0);
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { text: 'STOP', wish: 'opt_out', rule: 'A:STOP' },
    { text: '', wish: 'none', rule: null },
    { text: 'two words', wish: 'none', rule: null },
  ]);
});

it.each([
  ['es', 'opt_out'],
  ['ES', 'opt_out'],
  ['es-MX', 'opt_out'],
  ['en', 'none'],
  ['AU', 'opt_out'],
])('goes by the words of %s: %s', async (language, wish) => {
  const { out } = await classify('--text', 'BAJA', '--language', language, '--json');
  expect(JSON.parse(out)).toMatchObject({ wish });
});

it.each([
  ['neither a text nor --stdin', []],
  ['both', ['--text', 'STOP', '--stdin']],
  ['a language that is none', ['--text', 'STOP', '--language', 'klingon']],
])('given %s, says how it is called and exits 2', async (_, args) => {
  const { exitCode, out, err } = await classify(...args);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).not.toBe('');
});

describe('with settings of its own', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'podium-webchat-words-'));
    writeFileSync(
      join(folder, 'own.yaml'),
      'optout: { keywords: [HALT], countries: { DE: { keywords: [STOPP] } } }',
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const asked = (...args: string[]) =>
    cli({ WEBCHAT_SETTINGS: join(folder, 'own.yaml') }, ['optout', 'classify', '--json', ...args]);

  it('takes their words', async () => {
    expect(JSON.parse((await asked('--text', 'halt')).out)).toMatchObject({ rule: 'A:HALT' });
  });

  it('takes those of a country', async () => {
    expect(JSON.parse((await asked('--text', 'stopp', '--language', 'DE')).out)).toMatchObject({
      rule: 'A:STOPP',
    });
  });
});
