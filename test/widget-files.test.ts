/** Files from the website and files for customers, on the whole system. */
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FileSendReport } from '../ops/file-sends';
import { contentOf } from './support/file-contents';
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';
import { upload, type UploadOptions } from './support/upload';

const JANE = '+61400123456';
const MAX = 26_214_400;

let system: System;
afterEach(() => system.stop());

const fields = (more: Record<string, string> = {}) => ({
  ...{ message_id: randomUUID(), phone: '0400 123 456', location_uid: NORTHSIDE, name: 'Jane Citizen' },
  ...{ body: 'What is this noise?', ...more },
});
const sends = (file: Buffer, more: Record<string, string> = {}, options: UploadOptions = {}) =>
  upload(`${system.serverUrls[0]}/widget/attachments`, { fields: fields(more), file }, options);

/** An operator sends a file to Jane. */
async function operatorSends(file: Buffer, body: string): Promise<string> {
  const headers = { authorization: `Bearer ${system.keys.opsToken}` };
  const form = { fields: { phone: JANE, location_uid: NORTHSIDE, body }, file, fileName: 'quote.png' };
  const answer = await upload(`${system.serverUrls[0]}/ops/messages/attachment`, form, { headers });
  expect(answer.status).toBe(202);
  return answer.body['id'] as string;
}
/** What became of it, once something has. */
const outcome = (id: string) =>
  system.eventually('the file to be sent or not', async () => {
    const report = await system.ops<FileSendReport>('files sent', { id });
    return ['sent', 'blocked', 'refused'].includes(report.status) && report;
  });

/** What the agent reads beside the conversation. */
const notes = (count: number) =>
  system.eventually(`${count} note(s)`, async () => {
    const conversation = await system.simulator.conversation(JANE, NORTHSIDE);
    return conversation?.notes.length === count && conversation.notes.map(({ body }) => body);
  });
const filesToCustomer = async () => {
  const conversation = await system.simulator.conversation(JANE, NORTHSIDE);
  return (conversation?.messages ?? []).filter(
    ({ from, attachments }) => from === 'api' && attachments.length > 0,
  );
};

test('published: a file from the website begins a chat, and the agent gets a link; the customer never gets it back', async () => {
  system = await startSystem();
  const picture = contentOf('png', 300_000);
  const { status, body } = await sends(picture);
  expect(status).toBe(202);
  expect(await system.hears(1, JANE)).toEqual([expect.stringContaining('reply with a number')]);
  const [note] = await notes(1);
  const [link] = /http:\S+/.exec(note!)!;
  const content = Buffer.from(await (await fetch(link)).arrayBuffer());
  expect(createHash('sha256').update(content).digest('hex')).toBe(body['sha256']);
  await system.isQuiet();
  expect(await filesToCustomer()).toEqual([]);
  const calls = await system.simulator.calls();
  expect(calls.filter(({ path }) => path.includes('attachment'))).toEqual([]);
});

test('a file from the store reaches the customer once, though its answer was lost; after STOP none does', async () => {
  system = await startSystem();
  await system.simulator.customerWrites({
    ...{ phone: JANE, location_uid: NORTHSIDE, body: 'How much is it?' },
  });
  await system.hears(1, JANE);
  await system.simulator.fault({ method: 'POST', path: '^/v4/messages/attachment', drop: 'after' });
  const file = contentOf('png', 300_000);
  const first = await operatorSends(file, 'Your quote.');
  expect(await outcome(first)).toMatchObject({ status: 'sent', error: null });
  expect(await filesToCustomer()).toMatchObject([
    { body: 'Your quote.', attachments: [{ content_type: 'image/png', size_bytes: 300_000 }] },
  ]);

  expect((await sends(file, { body: 'STOP' })).status).toBe(202);
  const second = await operatorSends(file, 'And another one.');
  expect(await outcome(second)).toMatchObject({ status: 'blocked', error: { code: 'ERR_WEBCHAT_009' } });
  expect(await filesToCustomer()).toHaveLength(1);
  const { rows } = await system.pool.query("select kind from audit_entries where kind = 'send_blocked'");
  expect(rows).toHaveLength(1);
  expect((await notes(2)).join('\n')).toMatch(/car\.png.*no text may be sent/s);
});

test('skill: a file from the website is forwarded; one that Podium does not take is told to the agent', async () => {
  system = await startSystem({ contract: 'skill' });
  await sends(contentOf('png', 300_000));
  await system.eventually('the file to be forwarded', async () => (await filesToCustomer()).length === 1);
  expect(await filesToCustomer()).toMatchObject([{ body: "The customer's file: car.png" }]);
  await notes(1);
  const tooLarge = { status: 413, body: { code: 'attachment_exceeds_limit', message: 'Too large.' } };
  await system.simulator.fault({ method: 'POST', path: '^/v4/messages/attachment', ...tooLarge });
  await sends(contentOf('png', 200_000));
  expect((await notes(3)).join('\n')).toMatch(/not taken.*ERR_WEBCHAT_005/);
  expect(await filesToCustomer()).toHaveLength(1);
});

describe('the memory of the server', () => {
  /** In MiB, of the process as the system sees it. */
  async function resident(which: 'VmRSS' | 'VmHWM'): Promise<number> {
    const status = await readFile(`/proc/${system.servers[0]!.pid}/status`, 'utf8');
    return Number(new RegExp(`${which}:\\s+(\\d+) kB`).exec(status)![1]) / 1024;
  }

  test('stays as it is while ten files of 25 MiB come in at once', async () => {
    system = await startSystem();
    const file = contentOf('png', MAX);
    await sends(contentOf('png', 100_000)); // what is loaded and opened once counts for nobody
    const before = await resident('VmRSS');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        sends(file, { phone: `+6141234560${n}` }, { chunked: n % 2 === 0 }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(10).fill(202));
    const peak = await resident('VmHWM');
    process.stdout.write(
      `Memory of the server: ${before.toFixed(0)} MiB before, ${peak.toFixed(0)} MiB at its peak, with 250 MiB of files at once.\n`,
    );
    expect(peak - before).toBeLessThan(80);
  });
});
