/** The widget's routes over true HTTP, on a database. */
import { randomBytes, randomUUID } from 'node:crypto';
import { isOptedOut } from '../store/opt-out-states';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { BAYVIEW, JANE, JOHN, NORTHSIDE } from '../test/support/received';
import { startReceiver, type Receiver } from '../test/support/receiver';

const SHOP = 'https://shop.example.com';
const OTHER_SHOP = 'https://bayview.example.com';

let db: TestDatabase;
let server: Receiver;
let rejections: string[];
let address: string;

beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  await db.pool.query(
    'truncate inbox_events, agent_notes, sessions, opt_outs, widget_imports, workflow_starts',
  );
  rejections = [];
  address = 'somewhere';
  server = await startReceiver(db.pool, (parts) => ({
    ...parts,
    widget: {
      ...parts.widget!,
      settings: {
        ...parts.widget!.settings,
        origins: { all: [], [NORTHSIDE]: [SHOP], [BAYVIEW]: [OTHER_SHOP] },
      },
      onRejection: (code) => void rejections.push(code),
      addressOf: () => address,
    },
  }));
});
afterEach(() => server.close());
afterAll(() => db.drop());

const message = (more: Record<string, unknown> = {}) => ({
  ...{ message_id: randomUUID(), conversation: randomBytes(32).toString('base64url') },
  ...{ phone: JANE, location_uid: NORTHSIDE, body: 'Can I book a test drive?', ...more },
});

interface Answer {
  status: number;
  headers: Headers;
  body: { status?: string; opted_out?: boolean; error?: { code: string; field?: string; hint: string } };
}

async function post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${server.url}/widget/messages`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const { status } = response;
  return { status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

async function inbox() {
  const { rows } = await db.pool.query<{ raw: Buffer; status: string }>(
    'select raw, status, phone_e164 as phone from inbox_events order by id',
  );
  return rows;
}

describe('a message from the website', () => {
  test('comes in with what was agreed to and where, and without the token or the query of the page', async () => {
    const sent = message({
      name: ' Jane\nCitizen ',
      consent: 'You agree.',
      page_url: 'https://shop.example.com/cars?email=jane@example.com#top',
    });
    expect(await post(sent)).toMatchObject({ status: 202, body: { status: 'accepted', opted_out: false } });
    const [row, ...others] = await inbox();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ status: 'pending', phone: JANE });
    const raw = row!.raw.toString();
    expect(JSON.parse(raw)).toMatchObject({
      ...{ body: sent.body, name: 'Jane Citizen', consent: 'You agree.' },
      pageUrl: 'https://shop.example.com/cars',
    });
    expect(raw).not.toContain(sent.conversation);
  });

  test('that is sent ten times at once comes in once', async () => {
    const sent = message();
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(sent)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
    expect(answers.filter(({ body }) => body.status === 'accepted')).toHaveLength(1);
    expect(answers.filter(({ body }) => body.status === 'duplicate')).toHaveLength(9);
    expect(await inbox()).toHaveLength(1);
  });

  test('with STOP opts its writer out, who is told, and whom START in the browser does not opt in again', async () => {
    expect(await post(message({ body: 'STOP' }))).toMatchObject({ status: 202, body: { opted_out: true } });
    expect(await post(message({ body: 'START' }))).toMatchObject({ status: 202, body: { opted_out: true } });
    expect(await isOptedOut(db.pool, JANE)).toBe(true);
  });

  test('with STOP is brought into Podium only where its phone was in touch with the store before', async () => {
    const imported = async () => {
      const { rows } = await db.pool.query<{ phone: string; body: string }>(
        'select phone_e164 as phone, body from widget_imports order by written_at',
      );
      return rows;
    };
    await post(message({ phone: JOHN, body: 'STOP' }));
    expect(await isOptedOut(db.pool, JOHN)).toBe(true);
    expect(await imported()).toEqual([]);
    await post(message({ body: 'Hello' }));
    await post(message({ body: 'STOP' }));
    expect(await imported()).toEqual([
      { phone: JANE, body: 'Hello' },
      { phone: JANE, body: 'STOP' },
    ]);
  });

  test.each([
    ['phone', 'ERR_WEBCHAT_001', { phone: '0400 123' }],
    ['location_uid', 'ERR_WEBCHAT_002', { location_uid: ' ' }],
    ['location_uid', 'ERR_WEBCHAT_003', { location_uid: randomUUID() }],
    ['message_id', 'ERR_HTTP_WRONG_FORM', { message_id: 'mine' }],
    ['conversation', 'ERR_HTTP_WRONG_FORM', { conversation: 'short' }],
    ['body', 'ERR_HTTP_WRONG_FORM', { body: ' ' }],
    ['body', 'ERR_HTTP_WRONG_FORM', { body: 'x'.repeat(2_001) }],
    ['name', 'ERR_HTTP_WRONG_FORM', { name: 'x'.repeat(201) }],
  ])('with a wrong %s is refused by its field (%s)', async (field, code, wrong) => {
    const { status, body } = await post(message(wrong));
    expect({ status, error: body.error }).toMatchObject({ status: 400, error: { code, field } });
    expect(await inbox()).toEqual([]);
  });

  test('of more than 32 KiB is refused, and so is what is no JSON', async () => {
    expect((await post(message({ more: 'x'.repeat(33_000) }))).status).toBe(413);
    expect(await post('{')).toMatchObject({ status: 400, body: { error: { code: 'ERR_HTTP_NOT_JSON' } } });
  });

  test('for a store that is not there counts for the alarm, and its STOP counts as well', async () => {
    await post(message({ location_uid: randomUUID() }));
    await post(message({ location_uid: '' }));
    expect(rejections).toEqual(['ERR_WEBCHAT_003', 'ERR_WEBCHAT_002']);
    await post(message({ location_uid: randomUUID(), body: 'stop' }));
    expect(await isOptedOut(db.pool, JANE)).toBe(true);
  });
});

describe('a page of another origin', () => {
  test('may use the widget where the settings name it, and read the answer', async () => {
    const { status, headers } = await post(message(), { Origin: SHOP });
    expect(status).toBe(202);
    expect(headers.get('access-control-allow-origin')).toBe(SHOP);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('vary')).toContain('Origin');
  });

  test.each(['https://evil.example.com', OTHER_SHOP, 'null'])(
    'is refused otherwise, and told why (%s)',
    async (origin) => {
      const { status, headers, body } = await post(message(), { Origin: origin });
      expect({ status, code: body.error?.code }).toEqual({
        status: 403,
        code: 'ERR_HTTP_ORIGIN_NOT_ALLOWED',
      });
      expect(body.error?.hint).toContain('widget.origins');
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(await inbox()).toEqual([]);
    },
  );

  test.each([
    [SHOP, 204],
    [OTHER_SHOP, 204],
    ['https://webchat.example.com', 204],
    ['https://evil.example.com', 403],
  ])('asks before it sends, and %s gets %s', async (origin, status) => {
    const response = await fetch(`${server.url}/widget/messages`, {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
    });
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBe(status === 204 ? origin : null);
  });
});

describe('what the widget has to know first', () => {
  const config = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/widget/config?${query}`, { headers });

  test('is the store, its country, the limits and all texts in its language', async () => {
    const response = await config(`location_uid=${NORTHSIDE}&language=es-US`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('public, max-age=60');
    expect(await response.json()).toMatchObject({
      location: { uid: NORTHSIDE, name: 'Northside Motors', country: 'AU' },
      language: 'es',
      limits: { max_file_bytes: 26_214_400, file_types: expect.arrayContaining(['image/png']), max_files: 5 },
      consent: expect.stringContaining('Northside Motors'),
      texts: { send: 'Enviar' },
    });
  });

  test.each([
    ['ERR_WEBCHAT_002', ''],
    ['ERR_WEBCHAT_002', 'location_uid='],
    ['ERR_WEBCHAT_003', `location_uid=${randomUUID()}`],
  ])('is refused with %s, which the operator hears of, and nobody caches', async (code, query) => {
    const response = await config(query, { Origin: 'https://somewhere.example.com' });
    expect(response.status).toBe(400);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(rejections).toEqual([code]);
  });

  test('is not for a page that may not use it', async () => {
    expect((await config(`location_uid=${NORTHSIDE}`, { Origin: 'https://evil.example.com' })).status).toBe(
      403,
    );
    expect((await config(`location_uid=${NORTHSIDE}`, { Origin: server.url })).status).toBe(200);
  });
});

describe('too much of it', () => {
  const phone = (n: number) => `+614123401${String(n).padStart(2, '0')}`;

  test('of one customer has to wait, and says how long, while others are served; STOP is taken', async () => {
    const answers: Answer[] = [];
    for (let n = 0; n < 31; n++) answers.push(await post(message()));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(30);
    const last = answers.at(-1)!;
    expect(last).toMatchObject({ status: 429, body: { error: { code: 'ERR_HTTP_TOO_MANY_REQUESTS' } } });
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await post(message({ phone: JOHN }))).status).toBe(202);
    expect((await post(message({ body: 'STOP' }))).status).toBe(202);
    expect(await isOptedOut(db.pool, JANE)).toBe(true);
  });

  test('of opt-outs from one address is held back, at a store that is not there as well', async () => {
    const stop = message({ location_uid: randomUUID(), body: 'STOP' });
    const statuses: number[] = [];
    for (let n = 0; n < 301; n++) statuses.push((await post(stop)).status);
    expect(statuses.slice(0, 300).every((status) => status === 400)).toBe(true);
    expect(statuses.at(-1)).toBe(429);
  });

  test('of new phones from one address is held back; who wrote before, and who is elsewhere, is served', async () => {
    address = 'the shop';
    await post(message()); // a customer of before
    address = 'an abuser behind the same proxy';
    const statuses: number[] = [];
    for (let n = 0; n < 40; n++) statuses.push((await post(message({ phone: phone(n) }))).status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(20);
    expect((await inbox()).length).toBe(21);
    expect((await post(message())).status).toBe(202);
    expect((await post(message({ phone: phone(0) }))).status).toBe(202);
    expect((await post(message({ phone: phone(41) }))).status).toBe(429);
    address = 'elsewhere';
    expect((await post(message({ phone: phone(41) }))).status).toBe(202);
  });
});
