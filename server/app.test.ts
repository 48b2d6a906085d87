/** The routes beside the webhook: health, metrics, the operator's and the demo page's. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { SessionView } from '../core/session';
import { receive } from '../store/inbox';
import { claimSessions, settleClaim } from '../store/relay';
import { findSession } from '../store/sessions';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { opsTools, startReceiver, TOKENS, type Receiver } from '../test/support/receiver';
import {
  context,
  customerMessage,
  JANE,
  MARY,
  NORTHSIDE,
  testHash,
  workflowIdOf,
} from '../test/support/received';

let database: TestDatabase;
let receiver: Receiver;
const trouble = { required: false, wanted: false };
/** What the running workflow says; null when none runs. */
let live: Partial<SessionView> | null = null;
const wishes: unknown[] = [];

/** Temporal's client as far as these routes use it. */
const client = {
  withDeadline: (_: number, work: () => unknown) => work(),
  workflow: {
    getHandle: (workflowId: string) => ({
      query: async () => running(workflowId),
      executeUpdate: async (_: string, { args }: { args: unknown[] }) => {
        running(workflowId);
        wishes.push(...args);
      },
    }),
  },
} as unknown as Client;

function running(workflowId: string) {
  if (!live) throw new WorkflowNotFoundError('not found', workflowId, undefined);
  return live;
}

const check = (name: keyof typeof trouble) => async () => {
  if (trouble[name]) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
};

beforeAll(async () => {
  database = await createTestDatabase();
  await receive(database.pool, [customerMessage({ phone: JANE, contract: 'widget' })], context);
  receiver = await startReceiver(database.pool, (parts) => ({
    ...parts,
    checks: { required: { database: check('required') }, wanted: { temporal: check('wanted') } },
    ops: opsTools(database.pool, client),
    demo: {
      tools: { pool: database.pool, client, auditHash: testHash },
      locations: () => [
        { uid: NORTHSIDE, name: 'Northside', country: 'AU', archived: false },
        { uid: 'old', name: 'Old', country: 'AU', archived: true },
      ],
      page: {
        simulatorUrl: 'http://127.0.0.1:4010',
        temporalUiUrl: null,
        idleWarnSeconds: 1200,
        idleCloseSeconds: 1680,
      },
    },
  }));
});
beforeEach(() => {
  live = null;
  Object.assign(trouble, { required: false, wanted: false });
});
afterAll(async () => {
  await receiver.close();
  await database.drop();
});

async function ask(path: string, options: RequestInit = {}) {
  const answer = await fetch(`${receiver.url}${path}`, options);
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json');
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
}
const bearer = { authorization: `Bearer ${TOKENS[0].token}` };

describe('health', () => {
  it('is alive without touching anything', async () => {
    trouble.required = true;
    expect(await ask('/livez')).toMatchObject({ status: 200, body: { alive: true } });
  });

  it('is ready when events can be stored, and says what else is missing', async () => {
    trouble.wanted = true;
    expect(await ask('/readyz')).toMatchObject({
      status: 200,
      body: { ready: true, checks: { database: 'ok', temporal: 'ECONNREFUSED' } },
    });
  });

  it('is not ready when they cannot', async () => {
    trouble.required = true;
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: { ready: false } });
  });

  it('gives Prometheus its metrics', async () => {
    expect((await ask('/metrics')).body).toContain('podium_webchat_relay_calls_total{outcome="done"} 0');
  });
});

describe('the operator', () => {
  const post = (path: string, body: object, headers: Record<string, string> = bearer) =>
    ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const show = (headers?: Record<string, string>) =>
    post('/ops/sessions/show', { phone: JANE, location_uid: NORTHSIDE }, headers);
  const close = (body: object) => post('/ops/sessions/close', body);

  it('needs a token', async () => {
    expect(await show({})).toMatchObject({
      status: 401,
      body: { error: { code: 'ERR_HTTP_UNAUTHORIZED' } },
    });
    expect(await show({ authorization: 'Bearer wrong' })).toMatchObject({ status: 401 });
  });

  it('sees a session, by its row when no workflow answers', async () => {
    const row = {
      workflow_id: workflowIdOf(JANE, NORTHSIDE),
      phone_e164: JANE,
      status: 'active',
      live: null,
    };
    expect(await show()).toMatchObject({ status: 200, body: row });
  });

  it('sees what the running workflow says', async () => {
    live = { status: 'warned', waiting_for: 'the customer' };
    const { body } = await show();
    expect(body).toMatchObject({ status: 'warned', live: { waiting_for: 'the customer' } });
  });

  it('closes a session under their own name', async () => {
    live = { status: 'active' };
    const answer = await close({
      phone: JANE,
      location_uid: NORTHSIDE,
      reason: 'Sold.',
    });
    expect(answer).toMatchObject({ status: 200, body: { status: 'closed' } });
    expect(wishes).toEqual([{ actor: TOKENS[0].name, reason: 'Sold.' }]);
  });

  it('closes a session whose workflow was terminated, once nothing waits to be relayed', async () => {
    await receive(database.pool, [customerMessage({ phone: MARY })], context);
    const wish = { phone: MARY, location_uid: NORTHSIDE, reason: 'Sold.' };
    expect(await close(wish)).toMatchObject({ status: 409 });
    for (const claim of await claimSessions(database.pool, 10, 60_000))
      if (claim.phone === MARY) await settleClaim(database.pool, claim);
    expect(await close(wish)).toMatchObject({ status: 200 });
    expect(await findSession(database.pool, MARY, NORTHSIDE)).toMatchObject({
      status: 'closed',
      closeReason: 'forced',
    });
    const { rows } = await database.pool.query('select reason from close_wishes where phone_e164 = $1', [
      MARY,
    ]);
    expect(rows).toContainEqual({ reason: 'Sold.' });
    expect(await close(wish)).toMatchObject({ status: 409 });
  });

  it.each([
    ['a session that does not run', { phone: JANE, location_uid: NORTHSIDE }, 409, 'ERR_OPS_SESSION_CLOSED'],
    ['an unknown session', { phone: '+61412345678', location_uid: NORTHSIDE }, 404, 'ERR_OPS_NO_SESSION'],
    ['a phone in local form', { phone: '0400 123 456', location_uid: NORTHSIDE }, 400, 'ERR_WEBCHAT_001'],
    ['a wish for no one session', { location_uid: NORTHSIDE }, 400, 'ERR_OPS_WHICH_SESSION'],
    ['the only session of a phone', { phone: JANE }, 409, 'ERR_OPS_SESSION_CLOSED'],
    ['a field that there is not', { who: JANE }, 400, 'ERR_HTTP_INVALID_REQUEST'],
    ['a text that Postgres cannot look for', { id: 'a\0' }, 400, 'ERR_HTTP_INVALID_REQUEST'],
    ['a text of blanks', { id: ' ' }, 400, 'ERR_HTTP_INVALID_REQUEST'],
  ])('is told about %s', async (_, body, status, code) => {
    expect(await close(body)).toMatchObject({ status, body: { error: { code } } });
  });
});

describe('an address', () => {
  it.each([
    ['/ops/sessions/show', 'GET', 'POST'],
    ['/livez', 'DELETE', 'HEAD, GET'],
    ['/webhooks/podium', 'PUT', 'POST'],
    ['/widget/messages', 'GET', 'OPTIONS, POST'],
  ])('%s that is asked by %s says how it may be asked', async (path, method, allowed) => {
    const { status, headers, body } = await ask(path, { method });
    expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow: allowed });
    expect(body).toMatchObject({ error: { code: 'ERR_HTTP_METHOD_NOT_ALLOWED' } });
  });

  it('that there is not is told from one that is asked wrongly', async () => {
    const body = { error: { code: 'ERR_HTTP_NOT_FOUND' } };
    expect(await ask('/ops/nothing')).toMatchObject({ status: 404, body });
  });
});

describe('the demo', () => {
  it('is served with its styles and scripts, and may talk to the simulator only', async () => {
    const page = await ask('/demo');
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("connect-src 'self' http://127.0.0.1:4010");
    expect((await ask('/demo/demo.js')).headers.get('content-type')).toContain('javascript');
    expect((await ask('/demo/demo.css')).headers.get('content-type')).toContain('text/css');
  });

  it('offers the stores that are served and have a website here', async () => {
    const { body } = await ask('/demo/config');
    expect(body.stores).toMatchObject([{ uid: NORTHSIDE, page: '/demo/northside-motors' }]);
    expect((await ask('/demo/northside-motors')).headers.get('content-type')).toContain('text/html');
  });

  it('finds the session of whoever wrote last on the website, since a time', async () => {
    const session = (since: Date) =>
      ask(`/demo/session?${String(new URLSearchParams({ location_uid: NORTHSIDE, since: since.toJSON() }))}`);
    expect((await session(new Date(0))).body).toMatchObject({
      phone: JANE,
      opted_out: false,
      session: { workflow_id: workflowIdOf(JANE, NORTHSIDE) },
    });
    expect((await session(new Date(Date.now() + 60_000))).body).toMatchObject({ phone: null, session: null });
    expect(await ask('/demo/session?since=yesterday')).toMatchObject({ status: 400 });
  });
});
