import { createPool } from '../../store/database';
import { createTestDatabase } from './database';

it('gives each caller a migrated database of its own', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await one.pool.query("insert into locations (uid, name, archived) values ('here', 'Here', false)");
  const { rows } = await other.pool.query('select * from locations');
  expect(rows).toEqual([]);
  await Promise.all([one.drop(), other.drop()]);
});

it('fails for a pool that was never ended', async () => {
  const database = await createTestDatabase();
  const leak = createPool(database.url);
  await leak.query('select 1');
  await expect(database.drop(0)).rejects.toThrow('1 database connection(s)');
  await leak.end();
});

it('fails for a client that was never given back', async () => {
  const database = await createTestDatabase();
  const client = await database.pool.connect();
  client.on('error', () => undefined); // the forced drop cuts it
  await expect(database.drop(0)).rejects.toThrow('1 database connection(s)');
  client.release();
});
