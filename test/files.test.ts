/** Files that customers send: kept, or refused, and never in the way of the message that they came with. */
import { createHash } from 'node:crypto';
import type { FileReport } from '../ops/files';
import { contentOf } from './support/file-contents';
import { skillEvent } from './support/podium-events';
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

const JANE = '+61400123456';
const MAX = 26_214_400;

let system: System;
afterEach(() => system.stop());

const png = (content: Buffer, name = 'car.png') => ({
  content_type: 'image/png',
  data_base64: content.toString('base64'),
  name,
});

function writes(
  attachments: NonNullable<Parameters<System['simulator']['customerWrites']>[0]['attachments']>,
) {
  const customer = { phone: '0400 123 456', location_uid: NORTHSIDE, name: 'Jane Citizen' };
  return system.simulator.customerWrites({ ...customer, body: 'What is this noise?', attachments });
}

/** The files of Jane as an operator sees them. */
async function files(): Promise<FileReport[]> {
  const { files } = await system.ops<{ files: FileReport[] }>('files list', {
    phone: JANE,
    location_uid: NORTHSIDE,
  });
  return files;
}

/** Waits until so many files are settled. */
const settled = (count: number) =>
  system.eventually(`${count} file(s) to be settled`, async () => {
    const all = await files();
    return all.length === count && all.every(({ status }) => status !== 'pending') && all;
  });

/** Waits for what the agent reads beside the conversation. */
const notes = (count: number) =>
  system.eventually(`${count} note(s)`, async () => {
    const conversation = await system.simulator.conversation(JANE, NORTHSIDE);
    return conversation?.notes.length === count && conversation.notes.map(({ body }) => body);
  });

test('a picture is kept with its hash, and the operator has a link to it', async () => {
  system = await startSystem();
  const picture = contentOf('png', 300_000);
  await writes([png(picture)]);
  await system.hears(1, JANE);
  const [file] = await settled(1);
  expect(file).toMatchObject({
    status: 'kept',
    error_code: null,
    name: 'file.png',
    content_type: 'image/png',
    size_bytes: 300_000,
    sha256: createHash('sha256').update(picture).digest('hex'),
  });

  const response = await fetch(file!.link!);
  expect(response.status).toBe(200);
  expect(Buffer.from(await response.arrayBuffer()).equals(picture)).toBe(true);
  expect(response.headers.get('content-disposition')).toBe('attachment; filename="file.png"');

  await system.isQuiet();
  expect((await system.simulator.conversation(JANE, NORTHSIDE))!.notes).toEqual([]); // Podium's inbox has it
  const { rows } = await system.pool.query("select kind from audit_entries where kind like 'file%'");
  expect(rows).toEqual([{ kind: 'file_kept' }]);
  const metrics = await (await fetch(`${system.serverUrls[0]}/metrics`)).text();
  expect(metrics).toContain('podium_webchat_files{status="kept"} 1');
});

test('what is too large, a program, or gone is refused with a note, and the chat is answered all the same', async () => {
  system = await startSystem();
  await writes([
    { content_type: 'image/jpeg', size_bytes: MAX },
    { content_type: 'image/jpeg', size_bytes: MAX + 1 },
    png(contentOf('exe', 10_000)),
  ]);
  expect(await system.hears(1, JANE)).toEqual([expect.stringContaining('reply with a number')]);
  expect(
    (await settled(3)).map(({ status, error_code, size_bytes }) => ({ status, error_code, size_bytes })),
  ).toEqual(
    expect.arrayContaining([
      { status: 'kept', error_code: null, size_bytes: MAX },
      { status: 'refused', error_code: 'ERR_WEBCHAT_005', size_bytes: null },
      { status: 'refused', error_code: 'ERR_WEBCHAT_015', size_bytes: null },
    ]),
  );
  expect(await notes(2)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/not kept.*larger than Podium takes \(ERR_WEBCHAT_005\).*came through/),
      expect.stringMatching(/not kept.*type.*\(ERR_WEBCHAT_015\).*came through/),
    ]),
  );

  await system.simulator.set({ file_link_seconds: 0.001 });
  await writes([png(contentOf('png', 1_000))]);
  await system.hears(2, JANE);
  expect((await settled(4))[0]).toMatchObject({
    status: 'expired',
    error_code: 'ERR_WEBCHAT_017',
    link: null,
  });
  await notes(3);
});

test('a file that Podium cannot give now is fetched later', async () => {
  system = await startSystem();
  await system.simulator.fault({ method: 'GET', path: '^/files/', status: 503 });
  await system.simulator.fault({ method: 'GET', path: '^/files/', drop: 'before' });
  await writes([png(contentOf('png', 5_000))]);
  expect(await settled(1)).toMatchObject([{ status: 'kept', size_bytes: 5_000 }]);
});

test('a redirect to this machine is not followed', async () => {
  system = await startSystem();
  const location = `${system.serverUrls[0]}/livez`;
  await system.simulator.fault({ method: 'GET', path: '^/files/', status: 302, headers: { location } });
  await writes([png(contentOf('png', 5_000))]);
  expect(await settled(1)).toMatchObject([{ status: 'refused', error_code: 'ERR_WEBCHAT_016' }]);
});

test('with the skill contract, a file that is announced too large is refused before it is fetched', async () => {
  system = await startSystem({ contract: 'skill' });
  await system.simulator.set({ skill_file_links: true });
  await writes([{ content_type: 'image/jpeg', size_bytes: MAX + 1 }, png(contentOf('png', 5_000))]);
  await system.hears(1, JANE);
  expect((await settled(2)).map(({ status, error_code }) => [status, error_code]).sort()).toEqual([
    ['kept', null],
    ['refused', 'ERR_WEBCHAT_005'],
  ]);
  const fetched = (await system.simulator.calls()).filter(({ path }) => path.startsWith('/files/'));
  expect(fetched).toHaveLength(1);

  // As the skill documents show it: a size and no link.
  const event = skillEvent({ phone: JANE, body: 'And this?', locationUid: NORTHSIDE });
  Object.assign(event.data, { attachments: [{ size_bytes: 1024 }] });
  await system.post(event, 'skill');
  expect((await settled(3))[0]).toMatchObject({ status: 'without_link', error_code: null });
});
