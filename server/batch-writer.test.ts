import { BatchWriter } from './batch-writer';

const never = () => new AbortController().signal;

/** A writer whose batches are finished by hand. */
function controlled(mayBlameAnItem = true) {
  const batches: { items: string[]; succeed: () => void; fail: (error: Error) => void }[] = [];
  let onBatch: (() => void) | null = null;
  const writer = new BatchWriter<string, string>({
    maxBatch: 3,
    mayBlameAnItem: () => mayBlameAnItem,
    failsAlike: () => false,
    writeBatch: (items) =>
      new Promise((resolve, reject) => {
        batches.push({ items, succeed: () => resolve(items.map((item) => `${item}!`)), fail: reject });
        onBatch?.();
      }),
  });
  const nextBatch = async (index: number) => {
    while (!batches[index]) await new Promise<void>((resolve) => (onBatch = resolve));
    return batches[index];
  };
  return { writer, batches, nextBatch };
}

it('writes what comes in one turn of the event loop as one batch', async () => {
  const { writer, nextBatch } = controlled();
  const results = ['a', 'b'].map((item) => writer.write(item, never()));
  const batch = await nextBatch(0);
  batch.succeed();
  expect(batch.items).toEqual(['a', 'b']);
  expect(await Promise.all(results)).toEqual(['a!', 'b!']);
});

it('collects while a batch is on its way, up to the largest batch, in order', async () => {
  const { writer, nextBatch } = controlled();
  const first = writer.write('a', never());
  const batch = await nextBatch(0);
  const others = ['b', 'c', 'd', 'e'].map((item) => writer.write(item, never()));
  batch.succeed();
  await first;
  (await nextBatch(1)).succeed();
  (await nextBatch(2)).succeed();
  await Promise.all(others);
  expect((await nextBatch(1)).items).toEqual(['b', 'c', 'd']);
  expect((await nextBatch(2)).items).toEqual(['e']);
});

it('writes one by one when an item may be to blame, so that only the bad one fails', async () => {
  const writer = new BatchWriter<string, string>({
    maxBatch: 3,
    mayBlameAnItem: () => true,
    failsAlike: () => false,
    writeBatch: async (items) => {
      if (items.includes('bad')) throw new Error('bad item');
      return items;
    },
  });
  const results = await Promise.allSettled(['a', 'bad', 'c'].map((item) => writer.write(item, never())));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

it('does not try what would fail as one before it, with the same error', async () => {
  const tried: string[][] = [];
  const writer = new BatchWriter<string, string>({
    maxBatch: 5,
    mayBlameAnItem: () => true,
    failsAlike: (item, failed, error) => (error as Error).message === 'held' && item[0] === failed[0],
    writeBatch: async (items) => {
      tried.push(items);
      const bad = items.find((item) => /^[xy]/.test(item));
      if (bad) throw new Error(bad[0] === 'x' ? 'held' : 'wrong');
      return items;
    },
  });
  const items = ['x1', 'y1', 'a', 'x2', 'y2'];
  const results = await Promise.allSettled(items.map((item) => writer.write(item, never())));
  expect(tried.slice(1)).toEqual([['x1'], ['y1'], ['a'], ['y2']]);
  const said = results.map((result) => (result.status === 'rejected' ? String(result.reason) : result.value));
  expect(said).toEqual(['Error: held', 'Error: wrong', 'a', 'Error: held', 'Error: wrong']);
});

it('fails the whole batch at once when no item can be to blame', async () => {
  const { writer, batches, nextBatch } = controlled(false);
  const results = ['a', 'b'].map((item) => writer.write(item, never()));
  (await nextBatch(0)).fail(new Error('database away'));
  const outcomes = await Promise.allSettled(results);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(batches).toHaveLength(1);
});

it('never writes what was given up while it waited', async () => {
  const { writer, nextBatch } = controlled();
  const first = writer.write('a', never());
  const batch = await nextBatch(0);
  const budget = new AbortController();
  const late = writer.write('late', budget.signal);
  const patient = writer.write('patient', never());
  budget.abort(new Error('too late'));
  await expect(late).rejects.toThrow('too late');
  batch.succeed();
  await first;
  const next = await nextBatch(1);
  next.succeed();
  await patient;
  expect(next.items).toEqual(['patient']);
});

it('gives up on a batch that hangs, as far as the one who waits is concerned', async () => {
  const { writer, nextBatch } = controlled();
  const budget = new AbortController();
  const write = writer.write('a', budget.signal);
  await nextBatch(0);
  budget.abort(new Error('too late'));
  await expect(write).rejects.toThrow('too late');
});
