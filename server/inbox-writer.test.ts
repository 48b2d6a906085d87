import type { Outcome, ReceivedEvent } from '../store/inbox';
import { customerMessage } from '../test/support/received';
import { createInboxWriter } from './inbox-writer';

/** A writer whose batch is committed by hand. */
function controlled() {
  const told: [ReceivedEvent, Outcome][] = [];
  let begun: () => void;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  let commit: (outcomes: Outcome[]) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const write = createInboxWriter(
    () =>
      new Promise((resolve, reject) => {
        [commit, fail] = [resolve, reject];
        begun();
      }),
    (received, outcome) => void told.push([received, outcome]),
  );
  const finish = { commit: (outcomes: Outcome[]) => commit(outcomes), fail: (error: Error) => fail(error) };
  return { write, told, hasBegun, finish };
}

it('tells of what was committed, though its request has had its answer already', async () => {
  const { write, told, hasBegun, finish } = controlled();
  const [late, patient] = [customerMessage(), customerMessage()];
  const budget = new AbortController();
  const answer = write(late, budget.signal);
  const patientAnswer = write(patient, new AbortController().signal);
  await hasBegun;
  budget.abort(new Error('too late'));
  await expect(answer).rejects.toThrow('too late');
  finish.commit([{ status: 'quarantined' }, { status: 'accepted' }]);
  expect(await patientAnswer).toEqual({ status: 'accepted' });
  expect(told).toEqual([
    [late, { status: 'quarantined' }],
    [patient, { status: 'accepted' }],
  ]);
});

it('tells of nothing that was not committed', async () => {
  const { write, told, hasBegun, finish } = controlled();
  const answer = write(customerMessage(), new AbortController().signal);
  await hasBegun;
  finish.fail(new Error('the database is away'));
  await expect(answer).rejects.toThrow('the database is away');
  expect(told).toEqual([]);
});
