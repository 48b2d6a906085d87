import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createTestDatabase } from '../test/support/database';
import { migrate } from './migrate';

it('applies nothing to a database that has it all, also when several processes start at once', async () => {
  const db = await createTestDatabase();
  expect(await Promise.all([migrate(db.url), migrate(db.url), migrate(db.url)])).toEqual([[], [], []]);
  await db.drop();
});

it('applies each migration once when several processes meet an empty database', async () => {
  const all = readdirSync(join(__dirname, 'migrations')).sort();
  const db = await createTestDatabase();
  await db.pool.query('drop schema public cascade; create schema public');
  const applied = await Promise.all([migrate(db.url), migrate(db.url)]);
  expect(applied.flat()).toEqual(all.map((file) => basename(file, '.sql')));
  await db.drop();
});
