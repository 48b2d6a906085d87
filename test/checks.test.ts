/** What `npm run check` looks at, each check a test of the suite. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

it.each([
  ['is formatted', 'check:format'],
  ['has no lint', 'check:lint'],
  ['has sound types', 'check:types'],
  ['keeps the rules of its rooms', 'check:rooms'],
  ['has no dead code and no dependency that is not used', 'check:dead'],
])(
  'the source %s',
  async (_, script) => {
    expect(await complaints(script)).toBe('');
  },
  600_000, // on a machine that has much else to do
);

/** What a check prints when it is not content. */
function complaints(script: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      'npm',
      ['run', '--silent', script],
      { cwd: join(__dirname, '..'), maxBuffer: 1e8, shell: process.platform === 'win32' },
      (error, stdout, stderr) => resolve(error ? `${stdout}${stderr}` || error.message : ''),
    );
  });
}
