import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { signPublished, signSkill } from '../simulator/sign';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { NORTHSIDE } from '../test/support/received';
import { OLD_SECRET, SECRET, startReceiver, type Receiver } from '../test/support/receiver';
import { MAX_BODY_BYTES, MAX_READ_BYTES } from './signed-body';

let database: TestDatabase;
let receiver: Receiver;

beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await startReceiver(database.pool);
});
afterAll(async () => {
  await receiver.close();
  await database.drop();
});

interface Chat {
  eventUid?: string;
  messageUid?: string | null;
  phone?: string;
  locationUid?: string | null;
  body?: string;
}

/** A website chat in the published shape. */
function chat(parts: Chat = {}): string {
  const { eventUid = randomUUID(), messageUid = randomUUID(), phone = '0400 123 456' } = parts;
  const { locationUid = NORTHSIDE, body = 'Can I book a test drive?' } = parts;
  return JSON.stringify({
    data: {
      uid: messageUid,
      body,
      createdAt: new Date().toISOString(),
      webchatUrl: 'https://www.example.com.au/vehicles',
      conversation: { uid: 'conversation', channel: { type: 'phone', identifier: phone } },
      ...(locationUid && { location: { uid: locationUid } }),
    },
    metadata: { eventType: 'message.received', eventUid, version: '2021.04.01' },
  });
}

interface Answer {
  status: number;
  headers: Headers;
  body: { status?: string; eventId?: string; error?: { code: string; message: string; hint: string } };
}

async function post(body: string | Buffer, headers: Record<string, string> = signPublished(SECRET, body)) {
  return postTo(`${receiver.url}/webhooks/podium`, body, headers);
}

async function postTo(
  url: string,
  body: string | Buffer | ReadableStream,
  headers: Record<string, string>,
): Promise<Answer> {
  const options = { method: 'POST', body, headers, duplex: 'half' } as RequestInit;
  const answer = await fetch(url, options);
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Answer['body'] };
}

async function rowsOf(eventId: string) {
  const { rows } = await database.pool.query('select * from inbox_events where event_id = $1', [eventId]);
  return rows;
}

describe('a signed event', () => {
  it('is stored as the bytes that came, then answered 200', async () => {
    const body = chat({ eventUid: 'stored' });
    expect(await post(body)).toMatchObject({ status: 200, body: { status: 'accepted', eventId: 'stored' } });
    const [row] = await rowsOf('stored');
    expect(row).toMatchObject({ status: 'pending', phone_e164: '+61400123456', location_uid: NORTHSIDE });
    expect(row.raw.equals(Buffer.from(body))).toBe(true);
  });

  it('tells with which of the live secrets it was signed, unless it is our own test of the way in', async () => {
    receiver.signedWith.length = 0;
    const body = chat();
    await post(body, signPublished(OLD_SECRET, body));
    const test = JSON.stringify({ data: {}, metadata: { eventType: 'test.event', eventUid: randomUUID() } });
    expect(await post(test)).toMatchObject({ status: 200, body: { status: 'ignored' } });
    await post(body, signPublished('a retired one', body));
    expect(receiver.signedWith).toEqual([OLD_SECRET]);
  });

  it('is taken in the skill shape, with its form of signature, at the other path', async () => {
    const body = JSON.stringify({
      id: 'skill-1',
      event_type: 'webchat.message.received',
      data: { from: '0400 123 456', body: 'Hello', location_uid: NORTHSIDE, session_uid: 'c1' },
    });
    const answer = await postTo(`${receiver.url}/podium/webchat`, body, signSkill(SECRET, body));
    expect(answer).toMatchObject({ status: 200, body: { status: 'accepted', eventId: 'skill-1' } });
    expect(await rowsOf('skill-1')).toHaveLength(1);
  });

  it('takes effect once when it is delivered ten times at the same moment', async () => {
    const body = chat({ eventUid: 'ten-times' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(body)));
    const statuses = answers.map((answer) => answer.body.status).sort();
    expect(statuses).toEqual(['accepted', ...Array<string>(9).fill('duplicate')]);
    expect(await rowsOf('ten-times')).toHaveLength(1);
  });

  it('is taken in whatever content type and in any number of chunks', async () => {
    const body = Buffer.from(chat({ eventUid: 'chunked', body: 'Grüße 👋' }));
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < body.length; at += 7) controller.enqueue(body.subarray(at, at + 7));
        controller.close();
      },
    });
    const headers = { ...signPublished(SECRET, body), 'content-type': 'image/png' };
    const answer = await postTo(`${receiver.url}/webhooks/podium`, chunks, headers);
    expect(answer.body).toEqual({ status: 'accepted', eventId: 'chunked' });
    expect((await rowsOf('chunked'))[0].raw.equals(body)).toBe(true);
  });

  it.each([
    ['broken JSON', '{"metadata":', 'ERR_WHK_004'],
    ['no location', chat({ locationUid: null }), 'ERR_WEBCHAT_002'],
    ['an unknown location', chat({ locationUid: 'nowhere' }), 'ERR_WEBCHAT_003'],
    ['a phone that cannot be made out', chat({ phone: '1-800-GOT-MILK' }), 'ERR_WEBCHAT_001'],
  ])('with %s is quarantined with its code, and answered 200', async (_, body, code) => {
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 200, body: { status: 'quarantined', error: { code } } });
    expect(answer.body.error?.hint).toEqual(expect.any(String));
    expect(await rowsOf(answer.body.eventId!)).toMatchObject([{ status: 'quarantined', error_code: code }]);
  });

  it('of an unknown type is stored and ignored', async () => {
    const body = JSON.stringify({ data: {}, metadata: { eventType: 'review.created', eventUid: 'review' } });
    expect((await post(body)).body).toEqual({ status: 'ignored', eventId: 'review' });
    expect(await rowsOf('review')).toHaveLength(1);
  });

  it('with NUL characters harms nothing in a burst', async () => {
    const bodies = Array.from({ length: 60 }, (_, i) =>
      chat({
        eventUid: `burst-${i}`,
        body: i % 20 === 10 ? 'a\u0000b' : 'fine',
        phone: `+61 400 123 4${10 + i}`,
      }),
    );
    const answers = await Promise.all(bodies.map((body) => post(body)));
    expect(answers.map((answer) => answer.body.status)).toEqual(Array(60).fill('accepted'));
  });

  it('keeps the order of a burst of one phone', async () => {
    const texts = Array.from({ length: 40 }, (_, i) => `message ${i}`);
    await Promise.all(texts.map((body) => post(chat({ body, phone: '+61412345678' }))));
    const { rows } = await database.pool.query<{ text: string }>(
      `select message->>'text' as text from inbox_events where phone_e164 = '+61412345678' order by id`,
    );
    const arrived = receiver.arrived.map(({ event }) => event.text).filter((text) => texts.includes(text));
    expect(rows.map(({ text }) => text)).toEqual(arrived);
  });
});

describe('size', () => {
  const oversize = (bytes: number) => Buffer.from(chat({ eventUid: 'big' }).padEnd(bytes, ' '));

  it('of exactly 512 KiB is fine', async () => {
    expect((await post(oversize(MAX_BODY_BYTES))).body).toMatchObject({ status: 'accepted' });
  });

  it('above it is quarantined once with a good signature, and only its beginning is kept', async () => {
    const body = oversize(MAX_BODY_BYTES + 100_000);
    const answer = await post(body);
    expect(answer).toMatchObject({
      status: 200,
      body: { status: 'quarantined', error: { code: 'ERR_WHK_011' } },
    });
    expect((await post(body)).body.status).toBe('duplicate');
    const [row] = await rowsOf(answer.body.eventId!);
    expect(row.raw.length).toBeLessThanOrEqual(MAX_BODY_BYTES);
  });

  it.each([
    ['a wrong signature', () => signPublished('another secret', oversize(MAX_BODY_BYTES + 1))],
    ['no signature', () => ({})],
  ])('above it with %s is refused with 413', async (_, headers) => {
    const answer = await post(oversize(MAX_BODY_BYTES + 1), headers());
    expect(answer).toMatchObject({ status: 413, body: { error: { code: 'ERR_WHK_011' } } });
  });

  it('is not read on beyond 8 MiB, whoever signed it, and however it is announced', async () => {
    let sent = 0;
    // Who is still sending when the line is cut may hear of that before it has read the answer.
    const answer = await new Promise<number | string | undefined>((resolve) => {
      const upload = request(`${receiver.url}/webhooks/podium`, {
        method: 'POST',
        headers: { ...signPublished(SECRET, ''), 'transfer-encoding': 'chunked' },
      });
      const chunk = Buffer.alloc(256 * 1024);
      const more = () => {
        while (!upload.destroyed && sent < 4 * MAX_READ_BYTES) {
          sent += chunk.length;
          if (!upload.write(chunk)) return void upload.once('drain', more);
        }
      };
      upload.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
        upload.destroy();
      });
      upload.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
      more();
    });
    expect([413, 'EPIPE', 'ECONNRESET']).toContain(answer);
    expect(sent).toBeLessThan(3 * MAX_READ_BYTES);
  });
});

describe('what Podium did not sign', () => {
  it.each([
    ['no signature', {}, 'ERR_WHK_001'],
    ['a wrong signature', signPublished('another secret', 'x'), 'ERR_WHK_002'],
    [
      'a signature of the wrong length',
      { 'podium-timestamp': '1', 'podium-signature': 'abc' },
      'ERR_WHK_012',
    ],
    [
      'a signature of twelve days ago',
      signPublished(SECRET, 'x', Date.now() - 12 * 86_400_000),
      'ERR_WHK_003',
    ],
  ])('%s is answered 401 and not stored, and counted by its code', async (_, headers, code) => {
    const [rows, counted] = [await countRows(), await countedAs(code)];
    expect(await post('x', headers)).toMatchObject({ status: 401, body: { error: { code } } });
    expect(await countRows()).toBe(rows);
    expect(await countedAs(code)).toBe(counted + 1);
  });

  async function countedAs(code: string): Promise<number> {
    const metrics = await (await fetch(`${receiver.url}/metrics`)).text();
    return Number(
      new RegExp(`^podium_webchat_codes_total{code="${code}"} (\\d+)$`, 'm').exec(metrics)?.[1] ?? 0,
    );
  }

  async function countRows() {
    const { rows } = await database.pool.query('select count(*) from inbox_events');
    return rows[0].count as number;
  }
});

describe('the budget', () => {
  it('answers 503 with Retry-After while the database hangs, and stores nothing later', async () => {
    const batches: number[] = [];
    const hanging = await startReceiver(database.pool, (parts) => ({
      ...parts,
      webhook: {
        ...parts.webhook,
        budgetMs: 100,
        write: (received, signal) =>
          new Promise((_, reject) => {
            batches.push(1);
            signal.addEventListener('abort', () => reject(signal.reason as Error));
            void received;
          }),
      },
    }));
    const body = chat();
    const answer = await postTo(`${hanging.url}/webhooks/podium`, body, signPublished(SECRET, body));
    await hanging.close();
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'ERR_HTTP_NOT_STORED' } } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(batches.length).toBeLessThanOrEqual(1); // none where the time was over before
  });

  it('answers 503 within its time while Postgres holds a lock for ever', async () => {
    const blocker = await database.pool.connect();
    await blocker.query('begin');
    await blocker.query('lock table inbox_events in access exclusive mode');
    const body = chat({ eventUid: 'late' });
    const inTime = await startReceiver(
      database.pool,
      ({ webhook: { budgetMs: _, ...webhook }, ...parts }) => ({
        ...parts,
        webhook,
      }),
    );
    const asked = Date.now();
    const answer = await postTo(`${inTime.url}/webhooks/podium`, body, signPublished(SECRET, body));
    expect(answer.status).toBe(503);
    expect(Date.now() - asked).toBeLessThan(10_000); // Podium waits 5 s; a busy machine is given as long again
    expect(await waitsForLock()).toBe(true); // it is not Postgres that has given up
    await blocker.query('rollback');
    blocker.release();
    await inTime.close();
    // What was on its way may have been committed after all; delivered again it has one row all the same.
    expect((await post(body)).status).toBe(200);
    expect(await rowsOf('late')).toHaveLength(1);
  });

  async function waitsForLock(): Promise<boolean> {
    const { rowCount } = await database.pool.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    );
    return rowCount! > 0;
  }

  it('covers a client that sends too slowly', async () => {
    const quick = await startReceiver(database.pool, (parts) => ({
      ...parts,
      webhook: { ...parts.webhook, budgetMs: 100 },
    }));
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const upload = request(`${quick.url}/webhooks/podium`, {
        method: 'POST',
        headers: signPublished(SECRET, ''),
      });
      upload.on('response', (response) => resolve(response.statusCode)).on('error', reject);
      upload.write('{');
    });
    await quick.close();
    expect(status).toBe(503);
  });

  it('does not mind a client that goes away in the middle', async () => {
    const upload = request(`${receiver.url}/webhooks/podium`, {
      method: 'POST',
      headers: signPublished(SECRET, ''),
    });
    const gone = new Promise((resolve) => upload.on('error', resolve));
    upload.write('{', () => upload.destroy());
    await gone;
    expect((await post(chat())).status).toBe(200);
  });
});

it('answers an unknown route and a wrong method in the form of all errors', async () => {
  const answer = await fetch(`${receiver.url}/nothing`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ error: { code: 'ERR_HTTP_NOT_FOUND' } });
});
