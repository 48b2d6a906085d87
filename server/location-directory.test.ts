import pino from 'pino';
import type { PodiumLocation } from '../podium/api';
import { listLocations, replaceLocations } from '../store/locations';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { eventually } from '../test/support/eventually';
import { LocationDirectory } from './location-directory';
import { createMetrics } from './metrics';

const NORTH = { uid: 'north', name: 'North', country: 'AU', archived: false, organizationUid: null };
const SOUTH = { uid: 'south', name: 'South', country: null, archived: false, organizationUid: null };
const HOUR_MS = 3_600_000;

let database: TestDatabase;
const directories: LocationDirectory[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(() => database.pool.query('truncate locations, location_readings'));
afterEach(() => Promise.all(directories.splice(0).map((directory) => directory.stop())));
afterAll(() => database.drop());

/** A Podium whose list, or failure, is set by hand. */
class FakePodium {
  readings = 0;
  constructor(public list: PodiumLocation[] | Error) {}

  async listLocations(): Promise<PodiumLocation[]> {
    this.readings++;
    if (this.list instanceof Error) throw this.list;
    return this.list;
  }
}

function directoryOf(
  podium: FakePodium,
  changes: { interval?: number; overrides?: Record<string, string> } = {},
) {
  const log: { code?: string; level: number }[] = [];
  const metrics = createMetrics();
  let read: () => void = () => undefined;
  const nextReading = () => new Promise<void>((resolve) => (read = resolve));
  const directory = new LocationDirectory({
    pool: database.pool,
    podium,
    settings: {
      refresh_interval_seconds: changes.interval ?? 300,
      country_overrides: changes.overrides ?? {},
    },
    onRead: async () => read(),
    metrics,
    logger: pino({}, { write: (line: string) => void log.push(JSON.parse(line)) }),
  });
  directories.push(directory);
  return { directory, log, nextReading };
}

it("has Podium's list before it begins, where none was ever stored", async () => {
  const { directory } = directoryOf(new FakePodium([NORTH]));
  await directory.start();
  expect(directory.find('north')).toMatchObject({ name: 'North', country: 'AU' });
  expect(directory.find('elsewhere')).toBeUndefined();
});

it('serves the stored list while Podium is away', async () => {
  await replaceLocations(database.pool, [NORTH], new Date(Date.now() - HOUR_MS));
  const { directory } = directoryOf(new FakePodium(new Error('away')));
  await directory.start();
  expect(directory.isLoaded).toBe(true);
  expect(directory.find('north')).toBeDefined();
});

it('replaces the list as a whole', async () => {
  await replaceLocations(database.pool, [NORTH], new Date(Date.now() - HOUR_MS));
  const { directory, nextReading } = directoryOf(new FakePodium([SOUTH]));
  const read = nextReading();
  await directory.start();
  await read;
  expect(directory.list().map(({ uid }) => uid)).toEqual(['south']);
});

it('keeps the old list when a reading fails in the middle', async () => {
  const podium = new FakePodium([NORTH]);
  const { directory } = directoryOf(podium, { interval: 0.05 });
  await directory.start();
  podium.list = new Error('the second page was lost');
  await untilReadings(podium, 2);
  expect(await listLocations(database.pool)).toEqual([NORTH]);
  expect(directory.find('north')).toBeDefined();
});

it('reads the list again after its interval', async () => {
  const podium = new FakePodium([NORTH]);
  const { directory } = directoryOf(podium, { interval: 0.05 });
  await directory.start();
  await untilReadings(podium, 3);
});

it("fills in a country from the settings where Podium has none, and doubts none of Podium's", async () => {
  const overrides = { south: 'NZ', north: 'NZ' };
  const { directory } = directoryOf(new FakePodium([NORTH, SOUTH]), { overrides });
  await directory.start();
  expect(directory.find('south')?.country).toBe('NZ');
  expect(directory.find('north')?.country).toBe('AU');
});

it('reads at once for an unknown location, but not more often than every few seconds', async () => {
  const podium = new FakePodium([NORTH]);
  const { directory, nextReading } = directoryOf(podium);
  await directory.start();
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'], now: Date.now() });
  try {
    podium.list = [NORTH, SOUTH];
    const read = nextReading();
    for (let i = 0; i < 10; i++) directory.seek();
    jest.advanceTimersByTime(4_900);
    expect(podium.readings).toBe(1);
    jest.advanceTimersByTime(200);
    await read;
    expect(directory.find('south')).toBeDefined();
    expect(podium.readings).toBe(2);
  } finally {
    jest.useRealTimers();
  }
});

it('reads once for several servers', async () => {
  const podium = new FakePodium([NORTH]);
  const servers = Array.from({ length: 3 }, () => directoryOf(podium).directory);
  await Promise.all(servers.map((server) => server.start()));
  expect(podium.readings).toBe(1);
});

it('waits for the first list of all while another server reads it, and raises no alarm', async () => {
  const podium = new FakePodium([NORTH]);
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const read = podium.listLocations.bind(podium);
  podium.listLocations = () => answered.then(read);
  const servers = [directoryOf(podium), directoryOf(podium)];
  const started = servers.map(({ directory }) => directory.start());

  await new Promise((resolve) => setTimeout(resolve, 300)); // both have looked, and one is reading
  expect(servers.map(({ directory }) => directory.isLoaded)).toEqual([false, false]);
  answer();
  await Promise.all(started);

  for (const { directory, log } of servers) {
    expect(directory.find('north')).toBeDefined();
    expect(log).toEqual([]);
  }
  expect(podium.readings).toBe(1);
});

it('says nothing of a stale list as long as a reading brings a new one', async () => {
  await replaceLocations(database.pool, [NORTH], new Date(Date.now() - HOUR_MS));
  const { directory, log, nextReading } = directoryOf(new FakePodium([NORTH]));
  const read = nextReading();
  await directory.start();
  await read;
  await directory.stop();
  expect(log).toEqual([]);
});

it('says once that its list has become stale', async () => {
  await replaceLocations(database.pool, [NORTH], new Date(Date.now() - HOUR_MS));
  const podium = new FakePodium(new Error('away'));
  const { directory, log } = directoryOf(podium, { interval: 60 });
  await directory.start();
  await directory.stop();
  expect(log.filter(({ code }) => code === 'ERR_WEBCHAT_014')).toHaveLength(1);
});

async function untilReadings(podium: FakePodium, count: number): Promise<void> {
  await eventually(`${count} readings`, () => podium.readings >= count);
}

describe('somebody who waits for a location', () => {
  it('gets it as soon as the list was read anew', async () => {
    await replaceLocations(database.pool, [NORTH], new Date(Date.now() - HOUR_MS / 2));
    const podium = new FakePodium([NORTH]);
    const { directory } = directoryOf(podium, { interval: 7200 });
    await directory.start();
    expect(podium.readings).toBe(0); // the stored list is new enough
    podium.list = [NORTH, SOUTH];
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 6_000); // past the least gap between readings
    try {
      expect(await directory.findWithin('south', 10_000)).toMatchObject({ uid: 'south' });
    } finally {
      jest.restoreAllMocks();
    }
  });

  it('waits no longer than that', async () => {
    await replaceLocations(database.pool, [NORTH], new Date(Date.now() - HOUR_MS));
    const podium = new FakePodium(new Error('away'));
    const { directory } = directoryOf(podium);
    await directory.start();
    await eventually('the reading at the start to fail', () => podium.readings === 1);
    expect(await directory.findWithin('south', 200)).toBeUndefined();
    expect(podium.readings).toBe(1); // the next one comes after five seconds
  });

  it('does not wait for one that is on the list', async () => {
    const { directory } = directoryOf(new FakePodium([NORTH]));
    await directory.start();
    expect(await directory.findWithin('north', 60_000)).toMatchObject({ uid: 'north' });
  });
});
