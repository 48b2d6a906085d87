import { Readable } from 'node:stream';
import pino from 'pino';
import { writeAudit } from '../store/audit';
import { exportedHeads } from '../store/audit-heads';
import { newestSeal, sealBatch, unsealedRows } from '../store/audit-seals';
import { createPool } from '../store/database';
import { AUDIT_HEADS, type FileStore } from '../store/files/file-store';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { eventually } from '../test/support/eventually';
import { noFiles } from '../test/support/no-files';
import { temporaryStore, type TemporaryStore } from '../test/support/temporary-store';
import { AuditSealer } from './audit-sealer';

const KEY = { id: 'test', secret: Buffer.alloc(32, 1) };

let db: TestDatabase;
let store: TemporaryStore;
let lines: Record<string, unknown>[];
const logger = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) });
const running: AuditSealer[] = [];
beforeAll(async () => {
  db = await createTestDatabase();
  store = await temporaryStore();
});
afterAll(async () => {
  await store.remove();
  await db.drop();
});
beforeEach(() => (lines = []));
afterEach(async () => {
  await Promise.all(running.splice(0).map((sealer) => sealer.stop()));
  await db.pool.query('truncate audit_entries');
  await store.files.delete(AUDIT_HEADS);
});

function start(files: FileStore = store.files, pool = db.pool): AuditSealer {
  const sealer = new AuditSealer({ pool, files, key: KEY, logger });
  running.push(sealer);
  sealer.start();
  return sealer;
}

const write = () =>
  writeAudit(db.pool, {
    ...{ key: null, kind: 'opt_out', phoneHash: 'h', locationUid: null, workflowId: null, details: {} },
  });
const allSealed = () =>
  eventually('all rows to be sealed', async () => (await unsealedRows(db.pool)).count === 0);
const headLines = () => lines.filter(({ event }) => event === 'audit_head');
const oneHead = () => eventually('the end to be exported', () => headLines().length === 1);
/** As if the last export had been made a minute ago. */
async function ageExport(): Promise<void> {
  const aged = (await exportedHeads(store.files)).map((head) => ({
    ...{ ...head, exportedAt: new Date(Date.parse(head.exportedAt) - 60_000).toISOString() },
  }));
  await store.files.put(AUDIT_HEADS, Readable.from([JSON.stringify(aged)]), { contentType: '' });
}

it('seals what is written within seconds, more than one batch of it', async () => {
  await db.pool.query("insert into audit_entries (kind) select 'opt_out' from generate_series(1, 1100)");
  start();
  await allSealed();
  await write();
  await allSealed();
  expect((await newestSeal(db.pool))!.number).toBe(1_101);
});

it('exports the end into file store and log, once for all servers and not again within a minute', async () => {
  await write();
  await sealBatch(db.pool, KEY);
  const [one, other] = [start(), start()]; // both look at once
  await oneHead();
  const [line] = headLines();
  const newest = await newestSeal(db.pool);
  expect(line).toMatchObject({ level: 30, ...newest });
  expect(await exportedHeads(store.files)).toEqual([{ ...newest, exportedAt: expect.any(String) }]);
  await write();
  await allSealed();
  await Promise.all([one.stop(), other.stop()]);
  await start().stop(); // a server that has just come looks at once, and finds a young one
  expect(headLines()).toHaveLength(1);
});

it('exports anew once there is more to say, and keeps one end', async () => {
  await write();
  const first = start();
  await oneHead();
  await first.stop();
  await ageExport();
  await start().stop();
  expect(headLines()).toHaveLength(1);
  await write();
  await sealBatch(db.pool, KEY); // or the first look finds nothing, and the next one is a minute later
  start();
  await eventually('the next end', () => headLines().length === 2);
  expect(await exportedHeads(store.files)).toMatchObject([{ number: 2 }]);
});

it('never replaces an end that the chain has lost, and says so', async () => {
  await write();
  await write();
  const first = start();
  await oneHead();
  await first.stop();
  await ageExport();
  await db.pool.query('delete from audit_entries where seal_number = 2');
  await write();
  start();
  await eventually('the loss to be told', () => lines.some(({ event }) => event === 'audit_head_lost'));
  expect(lines.find(({ event }) => event === 'audit_head_lost')).toMatchObject({ level: 50, number: 2 });
  const heads = await exportedHeads(store.files);
  expect(heads.map(({ number }) => number)).toEqual([2, expect.any(Number)]);
});

it('seals, and tells the log of the end, while the file store is away', async () => {
  await write();
  start({ ...noFiles, open: () => Promise.reject(new Error('the bucket is away')) });
  await oneHead();
  await allSealed();
  expect(lines.filter(({ level }) => level === 50)).toMatchObject([
    { err: { message: 'the bucket is away' } },
  ]);
});

it('holds up no server while the database is away', async () => {
  const pool = createPool('postgresql://nobody@127.0.0.1:1/none');
  const sealer = start(store.files, pool);
  await eventually('the outage', () => lines.length > 0);
  await sealer.stop();
  await pool.end();
});
