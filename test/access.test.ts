/** Access to Podium over time, with two servers and two workers: tokens that end, and access that is taken away. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { built } from '../embedded/paths';
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

const PHONES = Array.from({ length: 6 }, (_, n) => `+1415555010${n}`);
const [JANE, JOHN] = ['+61400123456', '+61412345678'] as const;

let system: System;
beforeAll(async () => {
  // With rotation, a second refresh with the same refresh token is refused.
  system = await startSystem({ servers: 2, workers: 2, contract: 'published' });
  await system.simulator.set({ rotate_refresh_tokens: true });
});
afterAll(() => system.stop());

const write = (phone: string, body: string) =>
  system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body });

test('tokens are renewed as often as they end, whoever meets it, and every answer arrives once', async () => {
  await Promise.all(PHONES.map((phone) => write(phone, 'Hello')));
  await Promise.all(PHONES.map((phone) => system.hears(1, phone)));
  const before = (await system.simulator.tokens()).grants;
  const answers = ['1', 'Jane Citizen', 'A test drive'];

  for (const [n, answer] of answers.entries()) {
    await system.simulator.expireTokens();
    await Promise.all(PHONES.map((phone) => write(phone, answer)));
    await Promise.all(PHONES.map((phone) => system.hears(2 + n, phone)));
  }

  await system.isQuiet();
  const after = (await system.simulator.tokens()).grants;
  expect(after).toEqual({ ...before, refresh_token: before.refresh_token + answers.length });
  for (const phone of PHONES) {
    const texts = await system.textsTo(phone);
    expect(texts).toHaveLength(1 + answers.length);
    expect(new Set(texts).size).toBe(texts.length);
  }
});

test('with its access taken away, it receives, waits and says so; given back, the answers arrive once', async () => {
  await system.simulator.revokeAccess();
  const before = (await system.simulator.tokens()).grants;
  const firstCall = (await system.simulator.calls()).at(-1)!.n;
  await Promise.all([write(JANE, 'Can I book a test drive?'), write(JOHN, 'Are you open?')]);
  for (const url of system.serverUrls) {
    await system.eventually('the server to know', async () => (await readiness(url)).checks.podium !== 'ok');
    expect(await readiness(url)).toMatchObject({
      ready: true,
      checks: { podium: expect.stringContaining('auth login') },
    });
    expect(await metric(url, 'podium_webchat_podium_access')).toBe(0);
  }
  await system.eventually('both to have been tried more than once', async () => {
    const logs = Object.values(await system.logs()).join('');
    return logs.split('accepts no refresh token').length > 6;
  });
  expect(await system.textsTo(JANE)).toEqual([]);
  // Many attempts, and hardly a question to the token endpoint: one a minute for all four processes.
  expect((await system.simulator.tokens()).grants.refused - before.refused).toBeLessThanOrEqual(2);

  expect(await logIn()).toBe(0);

  for (const phone of [JANE, JOHN]) await system.hears(1, phone, NORTHSIDE);
  await system.isQuiet();
  for (const phone of [JANE, JOHN]) expect(await system.textsTo(phone)).toHaveLength(1);
  const tokenCalls = (await system.simulator.calls(firstCall)).filter(({ path }) => path === '/oauth/token');
  expect(tokenCalls.filter(({ status }) => status === 200)).toHaveLength(1); // the login's
  for (const url of system.serverUrls) {
    expect((await readiness(url)).checks.podium).toBe('ok');
    expect(await metric(url, 'podium_webchat_podium_access')).toBe(1);
  }
  const said = async (words: string) => {
    const logs = Object.entries(await system.logs());
    return logs.map(([name, log]) => ({ name, times: log.split(`"msg":"${words}`).length - 1 }));
  };
  const refused = await said('Podium accepts no refresh token');
  expect(Math.max(...refused.map(({ times }) => times))).toBe(1);
  // A process sees that access is back when it next has a call to make, and some have none.
  const back = (await said('Podium accepts our access again')).map(({ times }) => times);
  expect(Math.max(...back)).toBe(1);
});

interface Readiness {
  ready: boolean;
  checks: Record<string, string>;
}

async function readiness(url: string): Promise<Readiness> {
  return (await (await fetch(`${url}/readyz`)).json()) as Readiness;
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

/** The operator's command as a process, with a user of Podium who agrees. @returns its exit code */
async function logIn(): Promise<number> {
  const command = spawn(
    process.execPath,
    [built('ops/cli/main.js'), 'auth', 'login', '--no-open', '--port', '0'],
    { env: { ...process.env, ...system.environment }, stdio: ['pipe', 'ignore', 'pipe'] },
  );
  let said = '';
  command.stderr.on('data', (text) => {
    const known = said;
    said += String(text);
    const page = /^ {2}(http\S+)\n/m.exec(said)?.[1];
    if (page && !/^ {2}http\S+\n/m.test(known)) void fetch(page);
  });
  const [code] = (await once(command, 'exit')) as [number];
  return code;
}
