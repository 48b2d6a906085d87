/** The webhook's secret is changed while events stream in: none is lost, none counts twice. */
import { startProxy, type Proxy } from './support/proxy';
import { publishedEvent, postSigned } from './support/podium-events';
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

/** Phones 555-0100 to 555-0199 belong to nobody. */
const PHONES = Array.from({ length: 5 }, (_, n) => `+14155550${100 + n}`);
/** Between two messages: ten a second, from before the change until after it. */
const PAUSE_MS = 100;
const NEW_SECRET = 'the secret that comes after';

let system: System;
let proxy: Proxy;
beforeAll(async () => {
  system = await startSystem({ servers: 2 });
  proxy = await startProxy(system.serverUrls);
  for (const { program } of [...system.servers, ...system.workers]) program.env['PUBLIC_URL'] = proxy.url;
});
afterAll(async () => {
  await system?.stop();
  await proxy?.close();
});

/** Customers who write in turn until they are told to stop. */
class Stream {
  readonly written = new Map<string, string[]>(PHONES.map((phone) => [phone, []]));
  private readonly stopped = new AbortController();
  private readonly running = this.run();

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  /** Waits until so many more were written. */
  async goesOn(count: number): Promise<void> {
    const goal = this.count + count;
    await system.eventually(`${goal} messages`, () => this.count >= goal);
  }

  private get count(): number {
    return [...this.written.values()].flat().length;
  }

  private async run(): Promise<void> {
    for (let n = 0; !this.stopped.signal.aborted; n += 1) {
      const phone = PHONES[n % PHONES.length]!;
      const body = `Message ${n}`;
      await system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body });
      this.written.get(phone)!.push(body);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** One server after the other, as an orderly deployment does it. */
async function restartWith(...secrets: string[]): Promise<void> {
  for (const server of system.servers) {
    server.program.env['PODIUM_WEBHOOK_SECRETS'] = secrets.join(',');
    await server.stop();
    await server.start();
  }
}
const webhook = (...args: string[]) => system.cli(['webhook', ...args]);
const remarks = async () => {
  const { exitCode, data } = await webhook('doctor');
  const { findings } = data as { findings: { code: string; message: string }[] };
  return { exitCode, findings };
};
const answerTo = (secret: string) =>
  postSigned(`${proxy.url}/webhooks/podium`, publishedEvent({ phone: PHONES[0]!, body: 'Late' }), secret);

test('a change of the secret under way loses no event and doubles none', async () => {
  const oldSecret = system.keys.webhookSecret;
  const { uid } = (await system.simulator.state()).webhooks[0]!;
  expect(await webhook('update', uid, '--take-over')).toMatchObject({
    exitCode: 0,
    data: { webhooks: [{ of: 'us' }] },
  });
  const stream = new Stream();
  await stream.goesOn(20);

  // Too early: the servers do not take the new secret yet.
  const both = { PODIUM_WEBHOOK_SECRETS: `${NEW_SECRET},${oldSecret}` };
  expect(await system.cli(['webhook', 'update'], both)).toMatchObject({ exitCode: 1 });

  await restartWith(NEW_SECRET, oldSecret);
  await stream.goesOn(20);
  expect(await remarks()).toMatchObject({ exitCode: 0, findings: [{ code: 'secret_not_newest' }] });

  expect(await webhook('update')).toMatchObject({ exitCode: 0 });
  await stream.goesOn(20);
  const told = await system.eventually('the use of the new secret to be known', async () => {
    const { exitCode, findings } = await remarks();
    return findings[0]?.code === 'old_secret' && { exitCode, message: findings[0].message };
  });
  expect(told).toEqual({ exitCode: 0, message: expect.stringContaining('last used less than an hour ago') });

  await stream.stop();
  await system.isQuiet();
  for (const [phone, written] of stream.written)
    expect((await system.messagesOf(phone)).map(({ text }) => text)).toEqual(written);
  const answers = (await system.simulator.deliveries()).flatMap(({ attempts }) => attempts);
  expect(answers.filter(({ status }) => status === 401)).toEqual([]);
}, 180_000);

test('once it is taken out, what the old secret signs is refused', async () => {
  expect((await answerTo(system.keys.webhookSecret)).status).toBe(200);
  await restartWith(NEW_SECRET);
  expect(await answerTo(system.keys.webhookSecret)).toMatchObject({
    ...{ status: 401, body: { error: { code: 'ERR_WHK_002' } } },
  });
  expect((await answerTo(NEW_SECRET)).status).toBe(200);
  expect(await webhook('verify')).toMatchObject({ exitCode: 0, data: { fine: true } });
  expect(await remarks()).toEqual({ exitCode: 0, findings: [] });
  await system.isQuiet();
});
