/** The operator's commands against a whole system, from beside it and from elsewhere over HTTP. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { cli } from './support/cli';
import { consoleBlocks, sameWords } from './support/console-blocks';
import { publishedEvent } from './support/podium-events';
import { BAYVIEW, NO_COUNTRY, NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

/** The customer of the examples in the documentation. */
const DOCUMENTED = '+14155550110';
const [ANNE, BOB, CARL, DORA, ELLA, FRED] = [
  ...['+14155550111', '+14155550112', '+14155550113', '+14155550114', '+14155550115', '+14155550116'],
] as [string, string, string, string, string, string];
const [GINA, HANK, IVY] = ['+14155550117', '+14155550118', '+14155550119'] as [string, string, string];

let system: System;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podium-webchat-operators-'));
  system = await startSystem();
});
afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

const token = () => ({ PODIUM_WEBCHAT_URL: system.serverUrls[0]!, OPS_TOKEN: system.keys.opsToken });
const here = (...args: string[]) => cli(system.environment, args);
const there = (...args: string[]) => cli(token(), args);
const jsonOf = async (result: ReturnType<typeof cli>) => JSON.parse((await result).out);

/** A chat that waits for the customer's answer. */
async function chat(phone: string): Promise<void> {
  await system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body: 'Can I book a test drive?' });
  await system.hears(1, phone);
  await system.isQuiet();
}

const of = (phone: string) => ['--phone', phone, '--location', NORTHSIDE];

describe('a chat', () => {
  beforeAll(() => chat(ANNE));

  test.each([
    ['beside the system', here],
    ['from elsewhere', there],
  ])('is found by its phone, which is shown masked, %s', async (_, call) => {
    const { exitCode, out } = await call('sessions', 'list', '--phone', ANNE);
    expect(exitCode).toBe(0);
    expect(out).toContain('…11');
    expect(out).not.toContain(ANNE);
    const whole = await jsonOf(call('sessions', 'list', '--phone', ANNE, '--show-phones', '--json'));
    expect(whole.sessions).toMatchObject([{ phone_e164: ANNE, location_uid: NORTHSIDE, status: 'active' }]);
    const { session_uid: id } = whole.sessions[0];
    const shown = await call('sessions', 'show', '--id', id);
    expect(shown.out).toContain('Waits for:    the customer\'s answer to "topic"');
    expect(await jsonOf(call('sessions', 'show', ...of(ANNE), '--json'))).toMatchObject({ session_uid: id });
  });

  test('is found by the name of its store, and a number as it is dialled there', async () => {
    const named = ['--phone', '(415) 555-0111', '--location', 'bayview outfitters'];
    const elsewhere = jsonOf(here('sessions', 'list', ...named, '--json'));
    expect(await elsewhere).toMatchObject({ sessions: [] }); // the phone was read, and has no chat there
    const alone = await jsonOf(here('sessions', 'show', '--phone', ANNE, '--json'));
    expect(alone).toMatchObject({ phone_e164: '…11', location: 'Northside Motors' });
    expect(await here('sessions', 'show', '--phone', '(415) 555-0111')).toMatchObject({ exitCode: 2 });
  });

  test('is told in order by the timeline, without a word of it', async () => {
    for (const call of [here, there]) {
      const { exitCode, out, err } = await call('timeline', '--phone', ANNE);
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: 'Of …11. Times are UTC.\n' });
      const steps = [
        'A message of the customer came in',
        'The workflow got the signal message.',
        'was given to the session, as number 1',
        's until a prompt or a close may be due.',
        'A greeting was sent',
        'A prompt is due, unless somebody writes',
        'The close is due',
      ];
      for (const step of steps) expect(out).toContain(step);
      const times = out
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(0, 19));
      expect(times).toEqual([...times].sort());
      expect(out).not.toContain('test drive');
      expect(out).not.toContain(ANNE.slice(1));
    }
  });

  test('is closed only with --yes, under the name of the token', async () => {
    expect(await there('sessions', 'close', ...of(ANNE))).toMatchObject({ exitCode: 2, out: '' });
    const why = ['--reason', 'Sold by phone'];
    expect(await there('sessions', 'close', ...of(ANNE), ...why, '--yes')).toMatchObject({ exitCode: 0 });
    const again = await there('sessions', 'close', ...of(ANNE), '--yes');
    expect(again).toMatchObject({ exitCode: 1, out: '', err: expect.stringContaining('closed already') });
    for (const command of [['audit', 'show'], ['timeline']])
      expect((await here(...command, '--phone', ANNE)).out).toMatch(
        /The chat was closed by local at Northside Motors: .*"Sold by phone"/,
      );
    const { rows } = await system.pool.query(
      `select details::text from audit_entries where details::text like '%Sold%'`,
    );
    expect(rows).toEqual([]); // words go with the person, and nothing goes from the audit
  });
});

describe('a chat of which nothing has been heard for a while', () => {
  const GUS = '+14155550117';
  const shown = async () => (await jsonOf(there('sessions', 'show', '--phone', GUS, '--json'))).live;
  const due = async () => {
    const { entries } = await jsonOf(here('timeline', '--phone', GUS, '--json'));
    return entries.filter(({ kind }: { kind: string }) => kind === 'due').map(({ at }: { at: string }) => at);
  };

  test('is idle for as long as the clock says, and its prompt and close stay where they are', async () => {
    await chat(GUS);
    const [first, dueAtFirst] = await Promise.all([shown(), due()]);
    const after = (seconds: number) => new Date(Date.parse(first.idle_since) + seconds * 1000).toISOString();
    expect(dueAtFirst).toEqual([after(1200), after(1680)]);
    expect(first).toMatchObject({ prompt_at: after(1200), close_at: after(1680) });

    const idleByNow = () => (Date.now() - Date.parse(first.idle_since)) / 1000;
    const { later, between } = await system.eventually('two idle seconds', async () => {
      const [least, live, most] = [idleByNow(), await shown(), idleByNow()];
      return live.idle_seconds >= first.idle_seconds + 2 && { later: live, between: { least, most } };
    });
    expect(later.idle_seconds).toBeGreaterThan(between.least - 1);
    expect(later.idle_seconds).toBeLessThan(between.most + 1);
    expect(later).toMatchObject({ idle_since: first.idle_since, close_at: first.close_at });
    expect(await due()).toEqual(dueAtFirst);
  });
});

describe('while no worker answers', () => {
  const HANK = '+14155550118';

  test('every command says so, and a close that was asked for happens afterwards', async () => {
    await chat(HANK);
    const worker = system.workers[0]!.pid!;
    process.kill(worker, 'SIGSTOP');
    try {
      const [closed, shown, told] = await Promise.all([
        there('sessions', 'close', ...of(HANK), '--yes', '--json'),
        here('sessions', 'show', ...of(HANK)),
        there('timeline', '--phone', HANK),
      ]);
      expect(closed.exitCode).toBe(2);
      expect(JSON.parse(closed.out).error).toMatchObject({
        ...{ code: 'ERR_OPS_NO_WORKER', hint: expect.stringContaining('may still happen') },
      });
      expect(shown).toMatchObject({
        exitCode: 2,
        out: expect.stringContaining('No worker answered in time'),
      });
      expect(told).toMatchObject({ exitCode: 2, err: expect.stringContaining('No worker answered in time') });
      expect(told.out).toContain('A greeting was sent');
    } finally {
      process.kill(worker, 'SIGCONT');
    }
    await system.eventually('the close', async () => {
      const { status } = await jsonOf(here('sessions', 'show', ...of(HANK), '--json'));
      return status === 'closed';
    });
  });
});

describe('a store', () => {
  const IDA = '+14155550119';

  beforeAll(async () => {
    await system.simulator.customerWrites({ phone: IDA, location_uid: BAYVIEW, body: 'Hello' });
    await system.hears(1, IDA, BAYVIEW);
  });

  test('is named by its name as well, and a phone beside it is given as one dials it there', async () => {
    for (const call of [here, there]) {
      const at = ['--phone', '(415) 555-0119', '--location', 'bayview  OUTFITTERS'];
      const list = await jsonOf(call('sessions', 'list', ...at, '--json'));
      expect(list.sessions).toMatchObject([{ location_uid: BAYVIEW, phone_e164: '…19' }]);
      expect(await call('timeline', ...at)).toMatchObject({ exitCode: 0 });
      expect(await call('sessions', 'show', ...at)).toMatchObject({ exitCode: 0 });
    }
    expect(await here('sessions', 'show', '--phone', IDA)).toMatchObject({ exitCode: 0 });
    const local = await here('sessions', 'show', '--phone', '(415) 555-0119');
    expect(local).toMatchObject({ exitCode: 2, err: expect.stringContaining('where a store is named') });
  });

  test('that there is not is never answered as if all were well', async () => {
    const commands = [
      ['sessions', 'list'],
      ['timeline', '--phone', IDA],
      ['robot', 'resume'],
      ['robot', 'pause'],
      ['events', 'list'],
      ['events', 'replay'],
      ['files', 'list', '--phone', IDA],
      ['optout', 'record', '--phone', IDA],
    ];
    for (const command of commands) {
      const { exitCode, out, err } = await there(...command, '--location', 'Bayveiw Outfitters');
      expect({ command, exitCode, out }).toEqual({ command, exitCode: 1, out: '' });
      expect(err).toMatch(/^ERR_WEBCHAT_003: .*\nIs it Bayview Outfitters \(/);
    }
  });
});

describe('a chat whose workflow was ended from outside', () => {
  const statusOf = async (phone: string) => jsonOf(here('sessions', 'show', ...of(phone), '--json'));

  test('is closed by itself: its answers are kept, the agent has a note, and a person is waited for', async () => {
    await chat(BOB);
    await system.simulator.customerWrites({ phone: BOB, location_uid: NORTHSIDE, body: '1' });
    await system.hears(2, BOB);
    await system.isQuiet();
    await system.client.workflow.getHandle(system.workflowId(BOB)).terminate('by a test');
    await system.eventually('the close', async () => (await statusOf(BOB)).status === 'closed');

    expect(await statusOf(BOB)).toMatchObject({
      ...{ close_reason: 'terminated', waiting_since: expect.any(String) },
    });
    expect(await jsonOf(there('sessions', 'scan', '--json'))).toMatchObject({ errors: 0, findings: [] });
    const { out } = await there('timeline', '--phone', BOB);
    expect(out).toContain('Somebody terminated the workflow.');
    expect(out).toContain('its workflow had been ended in Temporal');
    expect(out).toContain('The chat waits for a person of the store since then.');
    const conversation = await system.eventually('the note', async () => {
      const found = await system.simulator.conversation(BOB, NORTHSIDE);
      return found?.notes.some(({ body }) => body.includes('Please take over.')) && found;
    });
    expect(conversation.closed).toBe(false);
    expect(conversation.notes.map(({ body }) => body).join()).toContain('Sales');
    await system.simulator.customerWrites({ phone: BOB, location_uid: NORTHSIDE, body: 'Hello?' });
    expect((await system.hears(3, BOB))[2]).toContain('Welcome back');
  });

  test('is listed among those that wait for a person, until it is closed', async () => {
    await chat(GINA);
    await system.client.workflow.getHandle(system.workflowId(GINA)).terminate('by a test');
    await system.eventually('the close', async () => (await statusOf(GINA)).status === 'closed');
    const waiting = async () => (await jsonOf(there('sessions', 'list', '--waiting', '--json'))).sessions;
    expect(await waiting()).toContainEqual(expect.objectContaining({ phone_e164: '…17', status: 'closed' }));
    expect((await here('sessions', 'list', '--waiting')).out).toMatch(
      /…17 .+ closed \(terminated\) .+ \d min /,
    );
    expect(await there('sessions', 'close', ...of(GINA), '--yes')).toMatchObject({ exitCode: 0 });
    expect(await waiting()).not.toContainEqual(expect.objectContaining({ phone_e164: '…17' }));
    await system.eventually('the close in Podium', async () => {
      return (await system.simulator.conversation(GINA, NORTHSIDE))?.closed;
    });
    expect(await there('sessions', 'close', ...of(GINA), '--yes')).toMatchObject({ exitCode: 1 });
  });
});

describe('a scan', () => {
  test('finds the chat of whose workflow Temporal knows nothing, and closes it when that is wanted', async () => {
    await chat(HANK);
    // As after a Temporal that has lost its data.
    await system.pool.query('update sessions set workflow_id = $2 where phone_e164 = $1', [
      HANK,
      'webchat:gone',
    ]);

    const found = await there('sessions', 'scan', '--json');
    expect(found.exitCode).toBe(1);
    expect(JSON.parse(found.out)).toMatchObject({
      ...{ errors: 1, mended: 0 },
      findings: [{ phone_e164: '…18', workflow: 'not found', mended: false }],
    });

    const mended = await here('sessions', 'scan', '--yes');
    expect(mended).toMatchObject({ exitCode: 0, out: expect.stringContaining('mended 1') });
    expect(await jsonOf(here('sessions', 'show', ...of(HANK), '--json'))).toMatchObject({
      ...{ status: 'closed', close_reason: 'terminated' },
    });
    expect(await here('sessions', 'scan')).toMatchObject({ exitCode: 0 });
  });
});

describe('a schedule', () => {
  test('that is run by hand stands in the audit, with who did it', async () => {
    expect(await there('schedules', 'run', 'retention')).toMatchObject({ exitCode: 0 });
    expect((await here('audit', 'show', '--kind', 'schedule_run')).out).toMatch(
      /The schedule retention was begun by hand: by \w+/,
    );
  });
});

describe('the robot', () => {
  test('is paused at a store: the customer gets nothing and the agent a note; afterwards new chats are answered', async () => {
    expect(await there('robot', 'pause', '--location', NORTHSIDE)).toMatchObject({ exitCode: 0 });
    expect((await here('robot', 'status')).out).toContain(`Paused at ${NORTHSIDE} since`);

    await system.simulator.customerWrites({ phone: CARL, location_uid: NORTHSIDE, body: 'Anybody there?' });
    await system.simulator.customerWrites({ phone: DORA, location_uid: BAYVIEW, body: 'Anybody there?' });
    await system.eventually('the note for the agent', async () => {
      const conversation = await system.simulator.conversation(CARL, NORTHSIDE);
      return conversation?.notes.some(({ body }) => body.includes('is paused and has not answered'));
    });
    await system.hears(1, DORA, BAYVIEW);
    expect(await system.textsTo(CARL)).toEqual([]);

    expect(await there('robot', 'resume', '--location', NORTHSIDE)).toMatchObject({ exitCode: 0 });
    await chat(ELLA);
    await system.simulator.customerWrites({ phone: CARL, location_uid: NORTHSIDE, body: 'Still there?' });
    await system.isQuiet();
    expect(await system.textsTo(CARL)).toEqual([]); // it is the store's chat now
    expect((await here('audit', 'show', '--phone', CARL)).out).toContain('ERR_WEBCHAT_020');
  });

  test('is not paused at a store that there is not', async () => {
    expect(await there('robot', 'pause', '--location', 'nowhere')).toMatchObject({ exitCode: 1 });
  });
});

describe('events', () => {
  test('what is quarantined is let go once the rules permit it, and once only', async () => {
    const event = publishedEvent({ phone: '0412 345 678', body: 'Hello', locationUid: NO_COUNTRY });
    await system.post(event);
    const listed = await jsonOf(there('events', 'list', '--status', 'quarantined', '--json'));
    expect(listed.events).toMatchObject([{ error: { code: 'ERR_WEBCHAT_001' } }]);
    const id = String(listed.events[0].id);
    const counted = await there('events', 'quarantine');
    expect(counted).toMatchObject({ exitCode: 1, out: expect.stringMatching(/ERR_WEBCHAT_001 +1 /) });
    expect((await there('events', 'show', id)).out).toContain('Quarantine: ERR_WEBCHAT_001');
    expect((await there('events', 'show', id)).out).not.toContain('345 678');
    expect((await there('events', 'show', id, '--raw')).out).toContain('0412 345 678');

    const refused = await there('events', 'replay', id);
    expect(refused).toMatchObject({ exitCode: 1, out: expect.stringContaining('unchanged') });

    const settings = join(folder, 'settings.yaml');
    const own = await readFile(system.environment['WEBCHAT_SETTINGS']!, 'utf8');
    await writeFile(settings, `${own}\nlocations: { country_overrides: { ${NO_COUNTRY}: AU } }\n`);
    const mended = (...args: string[]) =>
      cli({ ...system.environment, WEBCHAT_SETTINGS: settings }, ['events', 'replay', ...args]);
    expect((await mended(id, '--dry-run')).out).toBe(`${id}  would be released\n`);
    expect((await mended('--all')).out).toBe(`${id}  released\n`);
    expect(await mended(id)).toMatchObject({ exitCode: 0, out: expect.stringContaining('unchanged') });
    expect(await system.hears(1, '+61412345678', NO_COUNTRY)).toHaveLength(1);
    expect(await there('events', 'quarantine')).toMatchObject({ exitCode: 0, out: 'Nothing.\n' });
  });

  test('what waits for its session is set aside, once, and reaches the session when it is replayed', async () => {
    const idOf = async (body: string) => {
      await system.post(publishedEvent({ phone: IVY, body }));
      const { events } = await jsonOf(there('events', 'list', '--phone', IVY, '--json'));
      return String(events[0].id);
    };
    await system.pauseTemporal();
    const onItsWay = await idOf('Hello');
    await system.eventually('it to be on its way to the session', async () => {
      const { rows } = await system.pool.query(
        'select from inbox_events where id = $1 and delivery_number is not null',
        [onItsWay],
      );
      return rows.length === 1;
    });
    const waiting = await idOf('Anybody there?');
    expect(await there('events', 'quarantine', onItsWay)).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('on its way to its session'),
    });
    for (const setAside of [Number(waiting), null]) {
      const { exitCode, out } = await there('events', 'quarantine', waiting, '--json');
      const quarantined = [{ code: 'ERR_WHK_014', count: 1 }];
      expect([exitCode, JSON.parse(out)]).toMatchObject([0, { set_aside: setAside, quarantined }]);
    }
    await system.resumeTemporal();
    await system.hears(1, IVY);
    await system.isQuiet();
    expect((await system.messagesOf(IVY)).map(({ text }) => text)).toEqual(['Hello']);

    expect((await there('events', 'replay', waiting)).out).toBe(`${waiting}  released\n`);
    expect((await there('events', 'replay', waiting)).out).toContain('unchanged');
    await system.isQuiet();
    expect((await system.messagesOf(IVY)).map(({ text }) => text)).toEqual(['Hello', 'Anybody there?']);
    const acts = (await here('audit', 'show', '--phone', IVY)).out;
    expect(acts.match(/was set aside|was let out of quarantine/g)).toHaveLength(2);
  });

  test('a payload that is given by hand takes effect once; what is no event is set aside', async () => {
    const file = join(folder, 'event.json');
    await writeFile(file, JSON.stringify(publishedEvent({ phone: FRED, body: 'Hello' })));
    const ingest = (...more: string[]) => there('events', 'ingest', '--file', file, '--json', ...more);
    expect(await jsonOf(ingest('--dry-run'))).toMatchObject({ status: 'would_be_accepted' });
    expect(await jsonOf(ingest())).toMatchObject({ status: 'accepted', error: null });
    expect(await jsonOf(ingest())).toMatchObject({ status: 'duplicate' });
    await system.hears(1, FRED);
    await writeFile(file, '{"metadata": 5}');
    expect((await ingest()).exitCode).toBe(1);
  });
});

describe('an opt-out', () => {
  test('is recorded from elsewhere under the name of the token, whoever is said to declare it', async () => {
    expect(await there('optout', 'record', '--phone', ELLA, '--actor', 'somebody')).toMatchObject({
      exitCode: 0,
    });
    expect((await here('optout', 'history', '--phone', ELLA)).out).toContain('by local');
    expect((await here('audit', 'show', '--phone', ELLA)).out).toMatch(/through an operator, by local$/m);
    await here('optout', 'record', '--phone', FRED, '--actor', 'kim');
    expect((await here('audit', 'show', '--phone', FRED)).out).toMatch(/by kim, as declared$/m);
    expect(await there('optout', 'audit', '--phone', ELLA)).toMatchObject({
      out: expect.stringContaining('"opted_out":true'),
    });
  });
});

describe('phones', () => {
  const normalize = (...args: string[]) => cli({}, ['phone', 'normalize', ...args]);

  test('the E.164 form stands alone, and with --json there is all that the number tells', async () => {
    const phone = ['--phone', '0412 345 678', '--default-country', 'au'];
    expect(await normalize(...phone)).toEqual({ exitCode: 0, out: '+61412345678\n', err: '' });
    expect(await jsonOf(normalize(...phone, '--json'))).toEqual({
      ...{ input: '0412 345 678', e164: '+61412345678', country: 'AU', country_code: 61 },
      ...{ national_number: '412345678', is_valid: true, is_possible: true },
      ...{ number_type: 'MOBILE', carrier: 'Optus' },
    });
  });

  test('what is none is told with its code, and exits 1', async () => {
    const { exitCode, out, err } = await normalize('--phone', '1-800-GOT-MILK');
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toContain('ERR_WEBCHAT_001');
    expect((await normalize()).exitCode).toBe(2);
    expect((await normalize('--phone', '0412', '--default-country', 'Australia')).exitCode).toBe(2);
  });

  test('lines from stdin give an object each, with a country of their own behind a tab', async () => {
    const lines = ['0412 345 678', '(415) 555-1234\tUS', 'nothing'];
    const args = ['phone', 'normalize', '--stdin', '--default-country', 'AU'];
    const { exitCode, out } = await cli({}, args, { lines });
    expect(exitCode).toBe(1);
    const numbers = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).e164);
    expect(numbers).toEqual(['+61412345678', '+14155551234', null]);
  });
});

describe('a phone', () => {
  test.each([
    'sessions list',
    'sessions show',
    'timeline',
    'events list',
    'optout check',
    'optout audit',
    'contacts show',
    'audit show',
  ])('is masked by "%s", as data too, unless it is to be shown', async (name) => {
    const atStore = name === 'sessions show' ? ['--location', NORTHSIDE] : [];
    const call = async (...more: string[]) => {
      const { out, err } = await here(...name.split(' '), '--phone', ELLA, ...atStore, ...more);
      return out + err;
    };
    for (const form of [[], ['--json']]) {
      expect(await call(...form)).not.toContain(ELLA.slice(1));
      expect(await call(...form, '--show-phones')).toContain(ELLA);
    }
  });
});

describe('from elsewhere', () => {
  test.each([
    ['without a token', () => ({ OPS_TOKEN: '' }), 'OPS_TOKEN is missing'],
    ['with a wrong one', () => ({ OPS_TOKEN: 'the-token-of-nobody' }), 'OPS_TOKEN should be the token of'],
    ['at an empty address', () => ({ PODIUM_WEBCHAT_URL: '' }), 'It should be as https://'],
    ['where nobody listens', () => ({ PODIUM_WEBCHAT_URL: 'http://127.0.0.1:1' }), 'could not be reached'],
    ['at what is no address', () => ({ PODIUM_WEBCHAT_URL: 'somewhere' }), 'It should be as https://'],
    [
      'at another program',
      () => ({ PODIUM_WEBCHAT_URL: system.simulator.url }),
      'is perhaps no server of ours',
    ],
  ])('%s says so and exits 2', async (_, change, words) => {
    const { exitCode, out, err } = await cli({ ...token(), ...change() }, ['locations', 'list']);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain(words);
    const asData = await cli({ ...token(), ...change() }, ['locations', 'list', '--json']);
    const { code, message, hint } = JSON.parse(asData.out).error;
    expect(asData).toMatchObject({ exitCode: 2, err: '' });
    expect(err.startsWith(`${code}: `)).toBe(true);
    expect(message + hint).toContain(words);
  });

  test('--url goes before the environment', async () => {
    const env = { PODIUM_WEBCHAT_URL: 'http://127.0.0.1:1', OPS_TOKEN: system.keys.opsToken };
    const { exitCode, out } = await cli(env, ['--url', system.serverUrls[0]!, 'locations', 'list']);
    expect(exitCode).toBe(0);
    expect(out).toContain(NORTHSIDE);
  });
});

test('config check has a line for everything, and says what mends it', async () => {
  for (const call of [here, there]) {
    const { out } = await call('config', 'check');
    for (const good of [
      'Settings',
      'Environment',
      'Database',
      'Migrations',
      'Suppression keys',
      'Temporal',
      'Workers',
    ])
      expect(out).toMatch(new RegExp(`^ok +${good}`, 'm'));
    for (const good of [
      ...['Encryption keys', 'Id keys', 'Audit keys', 'Tokens'],
      'Search attributes',
      'Schedules',
      'Webhook secrets',
      'File store',
      'Podium',
      'Scopes',
      'Traces',
    ])
      expect(out).toMatch(new RegExp(`^ok +${good}`, 'm'));
    expect(out).toMatch(new RegExp(`^NOT OK +Countries .*${NO_COUNTRY}.*\n +→ Set it in Podium`, 'm'));
  }
  const { exitCode, out } = await cli({ ...system.environment, OPS_TOKENS: 'x', DATABASE_URL: '' }, [
    'config',
    'check',
  ]);
  expect(exitCode).toBe(1);
  expect(out).toContain('OPS_TOKENS is wrong');
  expect(out).toContain('DATABASE_URL is missing');
});

test('config check tells keys that are not those of this database', async () => {
  const encryptionKey = `local:${Buffer.alloc(32, 9).toString('base64')}`;
  const others = { WEBCHAT_ID_KEY: 'another-id-key-than-before', WEBCHAT_ENCRYPTION_KEYS: encryptionKey };
  const { exitCode, out } = await cli({ ...system.environment, ...others }, ['config', 'check']);
  expect(exitCode).toBe(1);
  expect(out).toMatch(/^NOT OK +Encryption keys .*the key "local" is not the "local" with which/m);
  expect(out).toMatch(/^NOT OK +Id keys .*the key is missing with which this database was used/m);
  expect(out).toMatch(
    /^NOT OK +Audit keys .*is sealed by the key "derived-[0-9a-f]+", which is not at hand/m,
  );
});

describe('docs/operators.md', () => {
  const DOCUMENT = join(__dirname, '../docs/operators.md');

  test('shows what the commands really print', async () => {
    await chat(DOCUMENTED);
    const local = { phone: '(415) 555-0100', body: 'Hello', locationUid: NO_COUNTRY };
    await system.post(publishedEvent(local));
    const { document, shown, printed } = await consoleBlocks(DOCUMENT, async (args) => {
      const { out, err } = await here(...args);
      const shownAs = [
        [dirname(system.environment['WEBCHAT_SETTINGS']!), '/etc/podium-webchat'],
        [`by ${userInfo().username}.`, 'by kim.'],
      ] as const;
      return shownAs.reduce((text, [what, name]) => text.replaceAll(what, name), out + err);
    });
    // How the document is written anew when output has changed: STORE_DOCS=1.
    if (process.env['STORE_DOCS']) await writeFile(DOCUMENT, document);
    else expect(sameWords(printed)).toEqual(sameWords(shown));
    expect(shown.length).toBeGreaterThan(10);
  });
});
