/** One function sends, and passes the door before: the check that says so, tried on code that goes around it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const RULE = 'no-restricted-syntax';

let rule: Promise<unknown>;
beforeAll(() => void (rule = ruleFor('ops/thing.ts')));

it.each([
  ['a call', 'podium.sendMessage(text)'],
  ['a call by name', "podium['sendAttachment'](file)"],
  ['a call that need not be there', 'podium.forwardCustomerFile?.(file)'],
  ['a function that is handed on', 'const send = podium.sendMessage'],
  ['a function that is taken out', 'const { sendMessage } = podium'],
])('%s of Podium’s send is refused', async (_, code) => {
  expect(await complaints(code, await rule)).toEqual([expect.stringContaining('use sendGuarded()')]);
});

it('everything else of Podium may be called', async () => {
  expect(await complaints('podium.addNote(note)', await rule)).toEqual([]);
});

it('it holds everywhere but behind the door itself, and in Podium’s client', async () => {
  for (const room of ['activities', 'server', 'store', 'workflows'])
    expect({ room, rule: await ruleFor(`${room}/thing.ts`) }).toMatchObject({ rule: expect.any(Array) });
  for (const file of ['activities/send-text.ts', 'podium/published.ts'])
    expect({ file, rule: await ruleFor(file) }).toEqual({ file, rule: undefined });
}, 300_000);

/** What the configuration says of a file. */
async function ruleFor(file: string): Promise<unknown> {
  const config = JSON.parse(await eslint('', '--print-config', file)) as { rules: Record<string, unknown> };
  return config.rules[RULE];
}

async function complaints(code: string, rule: unknown): Promise<string[]> {
  const rules = JSON.stringify({ [RULE]: rule });
  const found = await eslint(code, '--no-config-lookup', '--rule', rules, '--format', 'json', '--stdin');
  const [{ messages }] = JSON.parse(found) as [{ messages: { message: string }[] }];
  return messages.map(({ message }) => message);
}

/** What ESLint prints. It exits with 1 when it has found something. */
function eslint(input: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const program = join(ROOT, 'node_modules/eslint/bin/eslint.js');
    const child = execFile(process.execPath, [program, ...args], { cwd: ROOT }, (error, stdout, stderr) =>
      stdout ? resolve(stdout) : reject(new Error(stderr, { cause: error })),
    );
    child.stdin!.end(input);
  });
}
