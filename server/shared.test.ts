import { shared } from './shared';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('those who ask together get one answer, and the next one asks again', async () => {
  const read = jest.fn(async () => 1);
  const readOnce = shared(read);
  expect(await Promise.all([readOnce(), readOnce()])).toEqual([1, 1]);
  expect(read).toHaveBeenCalledTimes(1);
  await readOnce();
  expect(read).toHaveBeenCalledTimes(2);
});

test('an answer is kept for as long as that was asked for', async () => {
  const read = jest.fn(async () => 1);
  const readOnce = shared(read, 5_000);
  await readOnce();
  await jest.advanceTimersByTimeAsync(4_900);
  await readOnce();
  expect(read).toHaveBeenCalledTimes(1);
  await jest.advanceTimersByTimeAsync(200);
  await readOnce();
  expect(read).toHaveBeenCalledTimes(2);
});

test('a failure is kept for nobody', async () => {
  const read = jest.fn(async () => 1).mockRejectedValueOnce(new Error('away'));
  const readOnce = shared(read, 5_000);
  await expect(readOnce()).rejects.toThrow('away');
  expect(await readOnce()).toBe(1);
});

test('a reading that hangs fails in time, and the next one is a new one', async () => {
  const read = jest.fn(() => Promise.resolve(1)).mockReturnValueOnce(new Promise(() => undefined));
  const readOnce = shared(read);
  const failed = expect(readOnce()).rejects.toThrow('no answer in time');
  await jest.advanceTimersByTimeAsync(5_000);
  await failed;
  expect(await readOnce()).toBe(1);
});
