import { PodiumError } from '../podium/api';
import { SESSION_QUEUE } from '../core/session';
import { transaction } from '../store/database';
import { writeNotes } from '../store/notes';
import { recordOptOut } from '../store/opt-outs';
import { JANE, NORTHSIDE, testHash } from '../test/support/received';
import { SessionRig } from '../test/support/session-rig';

let rig: SessionRig;
beforeAll(async () => (rig = await SessionRig.start()));
afterAll(() => rig?.stop());
afterEach(() => rig.podium.recover());

async function note(key: string, body: string | null, close: boolean): Promise<string> {
  await transaction(rig.database.pool, (client) =>
    writeNotes(client, [
      {
        ...{ key, body, close, phone: JANE, locationUid: NORTHSIDE },
        ...{ workflowId: null, conversationUid: key },
      },
    ]),
  );
  const { rows } = await rig.database.pool.query<{ id: string }>(
    'select id from agent_notes where note_key = $1',
    [key],
  );
  return rows[0]!.id;
}

/** Runs a workflow to its end; the clock jumps over its waits. */
const run = (type: string, args: object) =>
  rig.env.client.workflow.execute(type, {
    ...{ taskQueue: SESSION_QUEUE, workflowId: `${type}:${JSON.stringify(args)}`, args: [args] },
  });

test('a note is posted, and closes its conversation when it says so', async () => {
  await run('agentNote', { noteId: await note('first', 'Please call.', false) });
  await run('agentNote', { noteId: await note('second', 'All said.', true) });
  expect(rig.podium.notes).toEqual([
    { conversationUid: 'first', body: 'Please call.' },
    { conversationUid: 'second', body: 'All said.' },
  ]);
  expect(rig.podium.closed).toEqual(['second']);
});

test('a note takes as long as Podium needs', async () => {
  rig.podium.fail('addNote', new PodiumError('server', '500', { mayHaveHappened: true }), 12);
  await run('agentNote', { noteId: await note('third', 'At last.', false) });
  expect(rig.podium.notes).toContainEqual({ conversationUid: 'third', body: 'At last.' });
});

test('a note that Podium refuses for good does not keep the conversation open', async () => {
  rig.podium.fail('addNote', new PodiumError('not_found', '404', { mayHaveHappened: false }));
  await run('agentNote', { noteId: await note('fourth', 'Lost.', true) });
  expect(rig.podium.closed).toContain('fourth');
});

test('an opt-out is told to Podium; where Podium does not allow that, it is left at that', async () => {
  const change = { phone: JANE, phoneHash: testHash(JANE), optedOut: true, source: 'text' } as const;
  const place = { actor: 'customer', rule: null, locationUid: NORTHSIDE, messageUid: null };
  const { historyId } = await recordOptOut(rig.database.pool, { ...change, ...place, at: new Date() });
  rig.podium.fail('setOptOut', new PodiumError('not_permitted', '403', { mayHaveHappened: false }), 1);
  await run('optOutMirror', { historyId });
  expect(rig.podium.optOuts).toEqual([]);
  await run('optOutMirror', { historyId });
  expect(rig.podium.optOuts).toMatchObject([{ phone: JANE, optedOut: true }]);
});
