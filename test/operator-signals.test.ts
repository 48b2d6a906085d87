/** An operator with nothing but Temporal's own command line. */
import { NORTHSIDE } from './support/simulator';
import { startSystem, type System } from './support/system';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

/** Phones 555-0100 to 555-0199 belong to nobody. */
let nextPhone = 100;

/** A session that waits for the customer's answer. */
async function openSession() {
  const phone = `+14155550${nextPhone++}`;
  const write = (body: string) => system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body });
  await write('Can I book a test drive?');
  await system.hears(1, phone);
  await system.isQuiet();
  return { phone, write, id: system.workflowId(phone) };
}

function signal(id: string, name: string, ...input: string[]): Promise<string> {
  return system.temporalCli('workflow', 'signal', '--workflow-id', id, '--name', name, ...input);
}

/** The command line shows no answer that it cannot decode. */
function updateClose(id: string, input: string): Promise<string> {
  const codec = `${system.serverUrls[0]}/codec/${system.keys.codecToken}`;
  const command = ['workflow', 'update', 'execute', '--workflow-id', id, '--name', 'close'];
  return system.temporalCli(...command, '--input', input, '--codec-endpoint', codec);
}

function endsAs(reason: string, phone: string) {
  return system.eventually(`the session to be closed as ${reason}`, async () => {
    const { rows } = await system.pool.query(
      `select from sessions where phone_e164 = $1 and status = 'closed' and close_reason = $2`,
      [phone, reason],
    );
    return rows.length === 1;
  });
}

test('forceClose in plain JSON closes the session, with a note that says who wanted it', async () => {
  const { phone, id } = await openSession();

  await signal(id, 'forceClose', '--input', '{"actor": "kim", "reason": "store is closing"}');

  await endsAs('forced', phone);
  const conversation = await system.eventually('the close in Podium', async () => {
    const conversation = await system.simulator.conversation(phone, NORTHSIDE);
    return conversation?.closed && conversation;
  });
  expect(conversation.notes).toMatchObject([{ body: expect.stringContaining('By: kim') }]);
  expect(await system.textsTo(phone)).toHaveLength(1);
});

test('optOut in plain JSON writes the ledger, closes the session, and silences us', async () => {
  const { phone, write, id } = await openSession();

  await signal(id, 'optOut', '--input', '{"actor": "kim", "reason": "asked for it on the telephone"}');

  await endsAs('opted_out', phone);
  const { rows } = await system.pool.query('select opted_out, source from opt_outs where phone_e164 = $1', [
    phone,
  ]);
  expect(rows).toEqual([{ opted_out: true, source: 'operator' }]);
  const { rows: history } = await system.pool.query(
    'select actor, proof from opt_out_history where phone_e164 = $1',
    [phone],
  );
  expect(history).toEqual([{ actor: 'kim', proof: 'asked for it on the telephone' }]);
  await write('One more question');
  await system.isQuiet();
  expect(await system.textsTo(phone)).toHaveLength(1);
});

test('the update answers when the session is closed', async () => {
  const { phone, id } = await openSession();

  const answer = await updateClose(id, '{"actor": "kim", "reason": "store is closing"}');

  expect(answer).toContain('closed');
  await endsAs('forced', phone);
});

test('wrong input does no harm: the session goes on as if nothing had been said', async () => {
  const { phone, write, id } = await openSession();

  for (const name of ['forceClose', 'optOut', 'message', 'noSuchSignal']) {
    await signal(id, name);
    for (const input of ['null', '"now"', '[]', '{"actor": 5}', '{"actor": "kim", "at": "soon"}'])
      await signal(id, name, '--input', input);
  }
  for (const input of ['null', '"now"', '{"reason": "no actor"}'])
    await expect(updateClose(id, input)).rejects.toThrow('A close needs');

  await write('1');
  const [, question] = await system.hears(2, phone);
  expect(question).toContain('Please tell us your name');
  const { rows } = await system.pool.query('select status from sessions where phone_e164 = $1', [phone]);
  expect(rows).toEqual([{ status: 'active' }]);
  expect((await system.pool.query('select from opt_outs where phone_e164 = $1', [phone])).rows).toEqual([]);
});

test.each([
  ['a token in its path', (url: string, token: string) => ['--codec-endpoint', `${url}/codec/${token}`]],
  [
    'a bearer token',
    (url: string, token: string) => ['--codec-endpoint', `${url}/codec`, '--codec-auth', `Bearer ${token}`],
  ],
])('what is encrypted is decoded by the codec endpoint with %s', async (_, withCodec) => {
  const { phone, id } = await openSession();
  const codec = withCodec(system.serverUrls[0]!, system.keys.codecToken);
  const query = ['workflow', 'query', '--workflow-id', id, '--name', 'session'];
  const show = ['workflow', 'show', '--workflow-id', id, '--detailed'];

  expect(await system.temporalCli(...query)).not.toContain(phone);
  expect(await system.temporalCli(...show)).not.toContain('test drive');

  const view = await system.temporalCli(...query, ...codec);
  expect(view).toContain(phone);
  expect(view).toContain('the customer\'s answer to \\"topic\\"');
  expect(await system.temporalCli(...show, ...codec)).toContain('Can I book a test drive?');
});

test('a wrong token decodes nothing', async () => {
  const { id } = await openSession();
  const codec = ['--codec-endpoint', `${system.serverUrls[0]}/codec/wrong-token-of-somebody`];
  const query = system.temporalCli('workflow', 'query', '--workflow-id', id, '--name', 'session', ...codec);
  await expect(query).rejects.toThrow('Unauthorized');
});
