/** Over a true socket, into a true folder. */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import pino from 'pino';
import type { PodiumEvent } from '../core/events';
import { judge } from '../core/verdict';
import { sweepUploads } from '../store/files/uploads';
import { isOptedOut } from '../store/opt-out-states';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { eventually } from '../test/support/eventually';
import { contentOf } from '../test/support/file-contents';
import { context, JANE, JOHN, NORTHSIDE } from '../test/support/received';
import { startReceiver, type Receiver } from '../test/support/receiver';
import { shippedWords } from '../test/support/shipped-words';
import { field, upload, type Form, type UploadOptions } from '../test/support/upload';
import { afterNextPut, uploadsAge } from '../test/support/uploads-under-way';
import { temporaryStore, type TemporaryStore } from '../test/support/temporary-store';
import { createMetrics } from './metrics';
import { releaseHeldUp } from './quarantine';

const MAX = 26_214_400;

let db: TestDatabase;
let kept: TemporaryStore;
let server: Receiver;

beforeAll(async () => {
  db = await createTestDatabase();
  kept = await temporaryStore();
});
beforeEach(async () => {
  await db.pool.query(
    'truncate inbox_events, files, file_uploads, agent_notes, sessions, opt_outs, workflow_starts',
  );
  for (const file of await kept.contents()) await rm(join(kept.folder, file));
  server = await startReceiver(db.pool, (parts) => ({
    ...parts,
    widget: { ...parts.widget!, files: kept.files },
    files: { ...parts.files, files: kept.files },
  }));
});
afterEach(() => server.close());
afterAll(async () => {
  await db.drop();
  await kept.remove();
});

const unfinished = () => readdir(join(kept.folder, 'incoming'));
const fields = (more: Record<string, string> = {}) => ({
  ...{ message_id: randomUUID(), phone: '0400 123 456', location_uid: NORTHSIDE },
  ...{ body: 'What is this noise?', ...more },
});
const send = (form: Partial<Form> = {}, options: UploadOptions = {}) =>
  upload(
    `${server.url}/widget/attachments`,
    { fields: fields(), file: contentOf('png', 200_000), ...form },
    options,
  );

async function notes(): Promise<string[]> {
  const { rows } = await db.pool.query<{ body: string }>('select body from agent_notes order by created_at');
  return rows.map(({ body }) => body);
}
async function inbox() {
  const { rows } = await db.pool.query<{ status: string; message: { text: string } | null }>(
    'select contract, status, phone_e164 as phone, location_uid as location, message from inbox_events order by id',
  );
  return rows;
}
const accepted = (file: Buffer) => ({
  status: 'accepted',
  fileUid: expect.any(String),
  sizeBytes: file.length,
  sha256: createHash('sha256').update(file).digest('hex'),
  opted_out: false,
});
const error = (code: string): unknown => expect.objectContaining({ code });

describe('a file from the website', () => {
  test('is kept, its message comes in, and the agent gets a link to it', async () => {
    const file = contentOf('png', 200_000);
    const { status, body } = await send({ file });
    expect({ status, body }).toEqual({ status: 202, body: accepted(file) });
    expect((await buffer(await kept.files.open(body['fileUid'] as string))).equals(file)).toBe(true);
    expect(await inbox()).toMatchObject([
      {
        ...{ contract: 'widget', status: 'pending', phone: JANE, location: NORTHSIDE },
        message: { from: 'customer', text: 'What is this noise?', webchat: true, attachments: 1 },
      },
    ]);
    const [note, ...others] = await notes();
    expect(others).toEqual([]);
    expect(note).toContain('car.png (image/png, 200,000 bytes)');
    const [link] = /https:\/\/\S+/.exec(note!)!;
    const response = await fetch(link.replace('https://webchat.example.com', server.url));
    expect(Buffer.from(await response.arrayBuffer()).equals(file)).toBe(true);
    const { rows } = await db.pool.query("select kind from audit_entries where kind like 'file%'");
    expect(rows).toEqual([{ kind: 'file_kept' }]);
  });

  test.each([false, true])('passes with exactly 26,214,400 bytes (chunked: %s)', async (chunked) => {
    const file = contentOf('png', MAX);
    const { status, body } = await send({ file }, { chunked });
    expect({ status, body }).toEqual({ status: 202, body: accepted(file) });
  });

  test('of 26,214,401 announced bytes is refused before any of it is sent, and its words come in', async () => {
    const file = contentOf('png', MAX + 1);
    const { status, body, bytesSent } = await send({ file }, { holdBackFile: true });
    expect({ status, body }).toEqual({
      status: 413,
      body: { error: error('ERR_WEBCHAT_005'), message: 'accepted' },
    });
    expect(bytesSent).toBeLessThan(1_000);
    expect(await kept.contents()).toEqual([]);
    expect(await inbox()).toMatchObject([{ status: 'pending', message: { text: 'What is this noise?' } }]);
    expect(await notes()).toEqual([expect.stringContaining('(ERR_WEBCHAT_005)')]);
  });

  test.each([false, true])(
    'of 26,214,401 bytes is refused while it is being sent, and the client gets to know (chunked: %s)',
    async (chunked) => {
      const answer = await send({ file: contentOf('png', MAX + 1) }, { chunked });
      expect(answer).toMatchObject({
        status: 413,
        body: { error: error('ERR_WEBCHAT_005'), message: 'accepted' },
      });
      expect(await kept.contents()).toEqual([]);
      expect(await unfinished()).toEqual([]);
      expect(await inbox()).toMatchObject([{ status: 'pending' }]);
    },
  );

  test('is refused in the middle where no length was announced, at the first byte too many', async () => {
    const { status, bytesSent } = await send({ file: contentOf('png', MAX + 5_000_000) }, { chunked: true });
    expect(status).toBe(413);
    expect(bytesSent).toBeGreaterThan(MAX);
    expect(await kept.contents()).toEqual([]);
  });

  test('of a type that is not allowed is refused by its content, and its words come in', async () => {
    const { status, body } = await send({ file: contentOf('exe', 100_000) });
    expect({ status, body }).toEqual({
      status: 415,
      body: { error: error('ERR_WEBCHAT_015'), message: 'accepted' },
    });
    expect(await kept.contents()).toEqual([]);
    expect(await notes()).toEqual([expect.stringMatching(/not kept.*\(ERR_WEBCHAT_015\)/)]);
  });

  test('that breaks off leaves nothing, neither a file nor a message', async () => {
    await expect(send({ file: contentOf('png', 2_000_000) }, { cutOffAt: 1_000_000 })).rejects.toThrow();
    await eventually('the rest to be tidied up', async () => (await unfinished()).length === 0);
    expect(await kept.contents()).toEqual([]);
    expect(await inbox()).toEqual([]);
  });

  test('has to come last: with a field behind it nothing is kept', async () => {
    const behind = field('body', 'late');
    const { status, body } = await send({ behind });
    expect(status).toBe(400);
    expect(body).toEqual({ error: error('ERR_HTTP_WRONG_FORM') });
    expect(JSON.stringify(body)).toContain('last');
    const all = fields();
    const { status: alone, body: said } = await send({ fields: {}, behind: field('phone', all.phone) });
    expect(alone).toBe(400);
    expect(JSON.stringify(said)).toContain('all of them come before the file');
    expect(await kept.contents()).toEqual([]);
    expect(await inbox()).toEqual([]);
  });
});

describe('before the file is read', () => {
  test.each([
    ['ERR_WEBCHAT_002', { location_uid: '' }],
    ['ERR_WEBCHAT_003', { location_uid: randomUUID() }],
    ['ERR_WEBCHAT_001', { phone: '12' }],
    ['ERR_WEBCHAT_001', { phone: '' }],
    ['ERR_HTTP_WRONG_FORM', { message_id: 'mine' }],
  ])('%s is told', async (code, wrong) => {
    const { status, body } = await send({ fields: fields(wrong) }, { holdBackFile: true });
    expect({ status, body }).toEqual({ status: 400, body: { error: error(code) } });
    expect(await inbox()).toEqual([]);
  });

  test('too many uploads of one address, or for one customer, are told to wait', async () => {
    const busy = () => send({ file: contentOf('png', 100) });
    const answers = [];
    for (let n = 0; n < 31; n++) answers.push(await busy());
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(30);
    expect(answers.at(-1)).toMatchObject({
      status: 429,
      body: { error: error('ERR_HTTP_TOO_MANY_REQUESTS') },
    });
    expect(answers.at(-1)!.headers).toMatch(/retry-after: \d+/i);
    // Somebody else is not meant.
    expect((await send({ fields: fields({ phone: JOHN }) })).status).toBe(202);
  });
});

test.each<[string, number, Partial<Form>]>([
  ['a phone that cannot be read', 400, { fields: fields({ phone: '12' }) }],
  ['a type that is not allowed', 415, { file: contentOf('exe', MAX) }],
  ['one byte too many', 413, { file: contentOf('png', MAX + 1) }],
])('%s is told to browsers, which read the answer when all has left', async (_, status, form) => {
  expect((await send({ file: contentOf('png', MAX), ...form }, { answerLast: true })).status).toBe(status);
});

describe('the same message again', () => {
  test('gets the same answer, and is no second file', async () => {
    const again = { fields: fields(), file: contentOf('png', 1_000_000) };
    const first = await send(again);
    expect(await send(again)).toMatchObject({ status: 202, body: first.body });
    expect(await kept.contents()).toEqual([first.body['fileUid']]);
    expect(await notes()).toHaveLength(1);
    expect(await inbox()).toHaveLength(1);
  });

  test('gets its answer though nobody needs its file any more, also where answers are read last', async () => {
    const again = { fields: fields(), file: contentOf('png', MAX) };
    const first = await send(again);
    expect(await send(again, { answerLast: true })).toMatchObject({ status: 202, body: first.body });
  });

  test('at the same time is one file all the same', async () => {
    const again = { fields: fields(), file: contentOf('png', 300_000) };
    const answers = await Promise.all([send(again), send(again), send(again)]);
    expect(new Set(answers.map(({ body }) => body['fileUid'])).size).toBe(1);
    expect(await kept.contents()).toEqual([answers[0].body['fileUid']]);
    expect(await notes()).toHaveLength(1);
  });

  test('after a refused file brings a good one, and the words once', async () => {
    const same = fields();
    await send({ fields: same, file: contentOf('exe', 1_000) });
    await send({ fields: same, file: contentOf('exe', 1_000) });
    expect((await send({ fields: same })).status).toBe(202);
    expect(await inbox()).toHaveLength(1);
    expect(await notes()).toEqual([
      expect.stringContaining('ERR_WEBCHAT_015'),
      expect.stringContaining('car.png'),
    ]);
  });

  test('of somebody else with this id is another one', async () => {
    const same = fields();
    const first = await send({ fields: same });
    const other = await send({ fields: { ...same, phone: JOHN } });
    expect(other.body['fileUid']).not.toBe(first.body['fileUid']);
    expect(await inbox()).toHaveLength(2);
  });
});

describe('an upload that is not kept', () => {
  test('since its message cannot be stored leaves nothing', async () => {
    await server.close();
    server = await startReceiver(db.pool, (parts) => ({
      ...parts,
      widget: { ...parts.widget!, files: kept.files, receive: () => Promise.reject(new Error('away')) },
    }));
    expect((await send()).status).toBe(503);
    expect(await kept.contents()).toEqual([]);
    expect((await db.pool.query('select from file_uploads')).rowCount).toBe(0);
  });

  test.each([false, true])(
    'since it was so slow that a sweep has deleted it may be sent again (its words known: %s)',
    async (known) => {
      const again = { fields: fields(), file: contentOf('png', 100_000) };
      if (known) await send({ ...again, file: contentOf('exe', 1_000) });
      afterNextPut(kept.files, async () => {
        await uploadsAge(db.pool, 25);
        await sweepUploads(db.pool, kept.files, 1);
      });
      const { status, body, headers } = await send(again);
      expect({ status, body }).toEqual({ status: 503, body: { error: error('ERR_HTTP_NOT_STORED') } });
      expect(headers).toMatch(/retry-after: \d+/i);
      expect(await inbox()).toHaveLength(1);
      const second = await send(again);
      expect(second).toMatchObject({ status: 202, body: accepted(again.file) });
      expect(await kept.contents()).toEqual([second.body['fileUid']]);
      expect(await inbox()).toHaveLength(1);
    },
  );
});

test('a file whose store leaves the list meanwhile comes again, and holds up nothing that was held up with it', async () => {
  let isListed = true;
  await server.close();
  server = await startReceiver(db.pool, ({ widget, ...parts }) => ({
    ...parts,
    widget: {
      ...{ ...widget!, files: kept.files },
      judge: (event) => (isListed ? widget!.judge(event) : judge(event, () => undefined, shippedWords)),
    },
  }));
  const again = { fields: fields(), file: contentOf('png', 100_000) };
  afterNextPut(kept.files, () => (isListed = false));
  expect((await send(again)).status).toBe(503);
  expect(await inbox()).toMatchObject([{ status: 'quarantined' }]);
  expect(await kept.contents()).toEqual([]);

  isListed = true;
  const tools = { pool: db.pool, context, metrics: createMetrics(), logger: pino({ level: 'silent' }) };
  const found = { uid: NORTHSIDE, name: 'Northside Motors', country: 'AU', archived: false } as const;
  const judgeEvent = (event: PodiumEvent) => judge(event, () => found, shippedWords);
  expect(await releaseHeldUp({ ...tools, judge: judgeEvent, servedLocations: [NORTHSIDE] })).toBe(1);
  expect(await inbox()).toMatchObject([{ status: 'pending' }]);
  expect(await notes()).toEqual([expect.stringContaining('ERR_WEBCHAT_022')]);

  expect(await send(again)).toMatchObject({ status: 202, body: accepted(again.file) });
  expect(await notes()).toHaveLength(2);
});

describe('STOP with a file', () => {
  test('opts out, and the agent gets the file and hears that no reply can be sent', async () => {
    expect((await send({ fields: fields({ body: 'Stop' }) })).status).toBe(202);
    expect(await isOptedOut(db.pool, JANE)).toBe(true);
    expect(await notes()).toEqual([expect.stringMatching(/car\.png.*no text may be sent/s)]);
    expect(await inbox()).toMatchObject([{ status: 'recorded' }]);
  });

  test('counts at a store that is unknown, which is told', async () => {
    const { status } = await send({
      fields: fields({ body: 'STOP', phone: JANE, location_uid: randomUUID() }),
    });
    expect(status).toBe(400);
    expect(await isOptedOut(db.pool, JANE)).toBe(true);
    expect(await kept.contents()).toEqual([]);
  });
});
