/** A file passes the same door as a text. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ReceivedFile } from '../core/events';
import { PodiumError } from '../podium/api';
import { fileSendState, type FileSendState } from '../store/file-sends';
import type { FileStore } from '../store/files/file-store';
import { keepForCustomer } from '../store/files/arrivals';
import { noteUpload } from '../store/files/uploads';
import { receive } from '../store/inbox';
import { replaceLocations } from '../store/locations';
import { STORES, janeOptsOut, podiumDependencies } from '../test/support/activity-parts';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { FakePodium } from '../test/support/fake-podium';
import { noFiles } from '../test/support/no-files';
import { BAYVIEW, context, customerMessage, JANE, NORTHSIDE } from '../test/support/received';
import { createPodiumActivities } from './podium-activities';

const CONTENT = 'the content of the file';
const KEPT = {
  ...{ contentType: 'image/png', extension: 'png', sizeBytes: CONTENT.length },
  sha256: Buffer.alloc(32, 1),
};
const ATTEMPT_MS = 120_000;

let database: TestDatabase;
let podium: FakePodium;
let opened: number;
const files: FileStore = {
  ...noFiles,
  open: async () => {
    opened += 1;
    return Readable.from([CONTENT]);
  },
};

beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database?.drop());
beforeEach(async () => {
  opened = 0;
  podium = new FakePodium(() => Promise.resolve(Date.now()));
  podium.locations = STORES;
  podium.contacts.push({
    ...{
      uid: 'c1',
      name: 'Jane',
      phones: [JANE],
      locationUids: [NORTHSIDE],
      optedOutAt: null,
      updatedAt: null,
    },
    conversationUids: [`conversation of ${JANE}`],
  });
  podium.show(`conversation of ${JANE}`, NORTHSIDE);
  await replaceLocations(database.pool, podium.locations, new Date());
  await database.pool.query(
    'truncate opt_outs, sends, files, file_sends, agent_notes, inbox_events, sessions',
  );
});

/** A file that an operator wants to be sent to Jane. */
async function wanted(change: { locationUid?: string; body?: string } = {}): Promise<string> {
  const id = randomUUID();
  const fileId = randomUUID();
  await noteUpload(database.pool, fileId);
  const send = { id, fileId, phone: JANE, locationUid: NORTHSIDE, body: 'Your quote.' };
  await keepForCustomer(
    database.pool,
    { ...send, ...change, name: 'quote.png', wantedBy: 'alice' },
    KEPT,
    'x',
  );
  return id;
}

/** One attempt. @returns what stands in the table then */
async function attempt(id: string): Promise<FileSendState> {
  const { pool } = database;
  const deps = podiumDependencies(pool, podium, files);
  const { sendFile } = createPodiumActivities(deps);
  const info = { startToCloseTimeoutMs: ATTEMPT_MS, scheduleToCloseTimeoutMs: 10 * ATTEMPT_MS };
  const environment = new MockActivityEnvironment(info, {
    logger: new DefaultLogger('ERROR', () => undefined),
  });
  await environment.run(sendFile, id);
  return (await fileSendState(pool, id))!;
}
const failed = (id: string) =>
  attempt(id).then(
    () => Promise.reject(new Error('It has not failed.')),
    (error: ApplicationFailure) => error,
  );
const optOut = () => janeOptsOut(database.pool);

test('a file goes to the customer with its words, once', async () => {
  const id = await wanted();
  expect(await attempt(id)).toMatchObject({ status: 'sent', attempts: 1 });
  expect(await attempt(id)).toMatchObject({ status: 'sent', attempts: 1 });
  expect(podium.files).toMatchObject([
    {
      ...{ phone: JANE, locationUid: NORTHSIDE, body: 'Your quote.', senderName: 'Robot' },
      file: { name: 'quote.png', contentType: 'image/png', size: CONTENT.length },
    },
  ]);
});

test('nothing goes to somebody who has opted out, also not by a retry; the audit says so', async () => {
  const first = await wanted();
  podium.fail('sendAttachment', new PodiumError('throttled', '429', { mayHaveHappened: false }), 1);
  await failed(first);
  await optOut();
  for (const id of [first, await wanted()])
    expect(await attempt(id)).toMatchObject({ status: 'blocked', code: 'ERR_WEBCHAT_009' });
  expect(podium.files).toEqual([]);
  const { rows } = await database.pool.query("select kind from audit_entries where kind = 'send_blocked'");
  expect(rows).toHaveLength(2);
});

test('nothing goes out that was opted out of while a token was fetched', async () => {
  podium.prepare = async () => void (await optOut());
  expect(await attempt(await wanted())).toMatchObject({ status: 'blocked' });
  expect(podium.files).toEqual([]);
});

test('nothing goes out for a store that is archived or unknown', async () => {
  for (const locationUid of [BAYVIEW, randomUUID()])
    expect(await attempt(await wanted({ locationUid }))).toMatchObject({
      ...{ status: 'refused', code: 'ERR_WEBCHAT_003' },
    });
  expect(podium.files).toEqual([]);
});

test('a file whose answer was lost is found in the conversation, and not sent again', async () => {
  const id = await wanted();
  podium.fail('sendAttachment', 'lost answer', 1);
  expect((await failed(id)).nextRetryDelay).toBeGreaterThanOrEqual(15_000);
  expect(await attempt(id)).toMatchObject({ status: 'sent', attempts: 1 });
  expect(podium.files).toHaveLength(1);
});

test('the same words without a file are not taken for it, and it is read anew for the next attempt', async () => {
  const id = await wanted();
  podium.fail('sendAttachment', new PodiumError('unreachable', 'lost', { mayHaveHappened: true }), 1);
  await failed(id);
  await podium.sendMessage({
    ...{
      phone: JANE,
      locationUid: NORTHSIDE,
      conversationUid: null,
      body: 'Your quote.',
      senderName: 'Robot',
    },
  });
  expect(await attempt(id)).toMatchObject({ status: 'sent', attempts: 2 });
  expect(podium.files).toHaveLength(1);
  expect(opened).toBe(1);
});

test('a file that Podium says is too large is refused for good', async () => {
  podium.fail('sendAttachment', new PodiumError('too_large', '413', { mayHaveHappened: false }));
  expect(await attempt(await wanted())).toMatchObject({ status: 'refused', code: 'ERR_WEBCHAT_005' });
});

describe("a customer's own file", () => {
  const fileId = randomUUID();
  const received: ReceivedFile = {
    ...{ kind: 'kept', fileId },
    ...{ sizeBytes: CONTENT.length, contentType: 'image/png', sha256: '01'.repeat(32), extension: 'png' },
  };
  /** Comes in from the website. @returns the send that was wanted */
  async function comesIn(forwards: boolean, stop = false): Promise<string | undefined> {
    const attachments = [{ url: null, contentType: null, sizeBytes: null, name: 'car.png', received }];
    const message = customerMessage({ contract: 'widget', attachments, stop });
    await noteUpload(database.pool, fileId);
    await receive(database.pool, [message], { ...context, files: { ...context.files, forwards } });
    const { rows } = await database.pool.query<{ id: string }>('select id from file_sends');
    return rows[0]?.id;
  }
  const notes = async () => {
    const { rows } = await database.pool.query<{ body: string }>(
      'select body from agent_notes order by created_at',
    );
    return rows.map(({ body }) => body);
  };

  test('goes nowhere where Podium has no such call', async () => {
    expect(await comesIn(false)).toBeUndefined();
    expect(await notes()).toHaveLength(1);
  });

  test('is not forwarded of somebody who opts out with it', async () => {
    expect(await comesIn(true, true)).toBeUndefined();
  });

  test('is forwarded where there is one', async () => {
    podium.forwardCustomerFile = podium.sendAttachment;
    expect(await attempt((await comesIn(true))!)).toMatchObject({ status: 'sent' });
    expect(podium.files).toMatchObject([{ body: "The customer's file: car.png" }]);
  });

  test('is not forwarded once the contract is the one in which that would text the customer', async () => {
    expect(await attempt((await comesIn(true))!)).toMatchObject({ status: 'refused' });
    expect(podium.calls.map(({ method }) => method)).not.toContain('sendAttachment');
  });

  test('that Podium does not take is told to the agent, once', async () => {
    podium.forwardCustomerFile = podium.sendAttachment;
    podium.fail('sendAttachment', new PodiumError('too_large', '413', { mayHaveHappened: false }));
    const id = (await comesIn(true))!;
    await attempt(id);
    await attempt(id);
    expect(await notes()).toEqual([
      expect.stringContaining('car.png'),
      expect.stringMatching(/not taken.*car\.png.*ERR_WEBCHAT_005/),
    ]);
  });
});
