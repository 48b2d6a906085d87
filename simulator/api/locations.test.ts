import { podiumCaller, type PodiumCaller } from '../../test/support/podium-caller';
import { ARCHIVED, NORTHSIDE, startSimulator } from '../../test/support/simulator';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let podium: PodiumCaller;

beforeEach(async () => {
  simulator = await startSimulator();
  podium = await podiumCaller(simulator.url);
});
afterEach(() => simulator.stop());

test('locations come ten a page, and the cursor leads to the last one', async () => {
  const first = await podium('GET', '/v4/locations');
  expect(first.body.data).toHaveLength(10);
  const second = await podium('GET', `/v4/locations?cursor=${first.body.metadata.nextCursor}`);
  expect(second.body.data).toHaveLength(4);
  expect(second.body.metadata.nextCursor).toBeUndefined();
  const uids = [...first.body.data, ...second.body.data].map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(14);
});

test('a page holds at most a hundred, and a cursor must be one of Podium', async () => {
  expect((await podium('GET', '/v4/locations?limit=100')).body.data).toHaveLength(14);
  expect(await podium('GET', '/v4/locations?limit=101')).toMatchObject({
    status: 400,
    body: { code: 'invalid_request_values' },
  });
  expect(await podium('GET', '/v4/locations?cursor=nonsense')).toMatchObject({
    status: 400,
    body: { code: 'invalid_cursor' },
  });
});

test('a cursor overrules the limit beside it', async () => {
  const { body } = await podium('GET', '/v4/locations?limit=3');
  const next = await podium('GET', `/v4/locations?limit=7&cursor=${body.metadata.nextCursor}`);
  expect(next.body.data).toHaveLength(3);
});

test('a location tells its country and whether it is archived', async () => {
  const { body } = await podium('GET', `/v4/locations/${NORTHSIDE}`);
  expect(body.data).toMatchObject({ uid: NORTHSIDE, archived: false, addressDetails: { country: 'AU' } });
  expect((await podium('GET', `/v4/locations/${ARCHIVED}`)).body.data.archived).toBe(true);
});

test('with the skill contract all locations come in one call', async () => {
  await simulator.set({ contract: 'skill' });
  expect((await podium('GET', '/v4/locations')).body.data).toHaveLength(14);
});

test('a location can be added and archived while the simulator runs', async () => {
  const uid = '9e000000-0000-4000-8000-000000000099';
  await simulator.putLocation(uid, { name: 'New Store', country: 'AU' });
  expect((await podium('GET', `/v4/locations/${uid}`)).body.data).toMatchObject({
    name: 'New Store',
    archived: false,
  });
  await simulator.putLocation(uid, { archived: true });
  expect((await podium('GET', `/v4/locations/${uid}`)).body.data).toMatchObject({
    name: 'New Store',
    archived: true,
  });
});
