import type { Envelope } from './chat';
import { outcomeOf, uploadFile, waitOf } from './delivery';

let complaints: jest.SpyInstance;
beforeEach(() => {
  complaints = jest.spyOn(console, 'error').mockImplementation();
});
afterEach(() => complaints.mockRestore());

const refusal = (code: string, field?: string) =>
  JSON.stringify({ error: { code, message: 'No.', hint: 'Mend it.', ...(field && { field }) } });

test('what the server took is accepted, and it tells who gets no texts', () => {
  expect(outcomeOf(202, '{"status":"accepted","opted_out":false}', null)).toEqual({
    kind: 'accepted',
    optedOut: false,
  });
  expect(outcomeOf(202, '{"status":"duplicate","opted_out":true}', null)).toEqual({
    kind: 'accepted',
    optedOut: true,
  });
});

test.each([400, 403, 404, 413, 415])('%i is a refusal for good', (status) => {
  expect(outcomeOf(status, refusal('ERR_WEBCHAT_001', 'phone'), null)).toEqual({
    kind: 'refused',
    refusal: { code: 'ERR_WEBCHAT_001', field: 'phone' },
  });
});

test('a refusal that no field can mend is for the developer, in the console', () => {
  outcomeOf(403, refusal('ERR_HTTP_ORIGIN_NOT_ALLOWED'), null);
  expect(complaints).toHaveBeenCalledWith(expect.stringMatching(/ERR_HTTP_ORIGIN_NOT_ALLOWED.*Mend it/));
});

test.each([200, 202, 301, 403, 404, 413])('%i that is not our server’s decides nothing', (status) => {
  for (const text of ['<html>of a proxy', '{}', '{"error":"Forbidden"}', '[]', '7'])
    expect(outcomeOf(status, text, null)).toEqual({ kind: 'later', reason: 'busy', afterMs: null });
});

test.each([
  [429, 'limited'],
  [503, 'busy'],
  [500, 'busy'],
  [502, 'busy'],
  [408, 'cut'],
  [0, 'busy'],
])('after %i the same message may be sent again', (status, reason) => {
  expect(outcomeOf(status, 'null', '7')).toEqual({ kind: 'later', reason, afterMs: 7_000 });
});

test('Retry-After comes in seconds or as a date, and not always', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(waitOf('120', now)).toBe(120_000);
  expect(waitOf('Thu, 01 Jan 2026 00:00:30 GMT', now)).toBe(30_000);
  expect(waitOf('Thu, 01 Jan 2025 00:00:30 GMT', now)).toBe(0);
  expect(waitOf('soon', now)).toBeNull();
  expect(waitOf(null, now)).toBeNull();
});

describe('an upload of which nothing leaves any more', () => {
  let request: FakeRequest;
  class FakeRequest {
    readonly upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
    readonly open = jest.fn();
    readonly send = jest.fn();
    onabort?: () => void;
    abort = () => this.onabort?.();
  }
  beforeEach(() => {
    jest.useFakeTimers();
    request = new FakeRequest();
    Object.assign(globalThis, { XMLHttpRequest: jest.fn(() => request) });
  });
  afterEach(() => {
    jest.useRealTimers();
    Reflect.deleteProperty(globalThis, 'XMLHttpRequest');
  });
  const upload = () =>
    uploadFile('/widget/', {} as Envelope, new Blob(['x']), 'x.png', () => {}, new AbortController().signal);

  test('is unreachable where nothing has left at all', async () => {
    const outcome = upload();
    jest.advanceTimersByTime(30_000);
    expect(await outcome).toMatchObject({ kind: 'later', reason: 'unreachable' });
  });

  test('is cut off where it was on its way, however slowly', async () => {
    const outcome = upload();
    for (const loaded of [1, 2, 3]) {
      jest.advanceTimersByTime(29_000);
      request.upload.onprogress!({ loaded, total: 9 });
    }
    const settled = jest.fn();
    void outcome.then(settled);
    await jest.advanceTimersByTimeAsync(29_000);
    expect(settled).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(settled).toHaveBeenCalledWith({ kind: 'later', reason: 'cut', afterMs: null });
  });
});
