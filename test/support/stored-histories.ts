/**
 * Histories of sessions as earlier versions of the workflows made them: a version that cannot replay them
 * would wedge the sessions that run while it is deployed. `npm run histories` stores those that are missing. To
 * delete one, so that it is made anew, is right only when no session of an older version can be running any more.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import { ROOT } from '../../embedded/paths';

const { History } = temporal.api.history.v1;
type History = temporal.api.history.v1.IHistory;

const DIRECTORY = join(__dirname, '../histories');

export interface StoredHistory {
  name: string;
  history: History;
}

/** Stores those that are not there yet. The name of one is a short word for what happens in it. */
export async function storeHistories(histories: StoredHistory[]): Promise<void> {
  await mkdir(DIRECTORY, { recursive: true });
  for (const { name, history } of histories) {
    const file = join(DIRECTORY, `${name}.json`);
    if (existsSync(file)) continue;
    // Who made it, on which machine and in which folder, is of no interest.
    const json = JSON.stringify(History.fromObject(history), null, 1)
      .replace(/("identity": *)"[^"]*"/g, '$1"worker"')
      .replaceAll(`${ROOT}/`, '');
    await writeFile(file, `${json}\n`);
  }
}

export async function storedHistories(): Promise<StoredHistory[]> {
  const files = await readdir(DIRECTORY);
  return Promise.all(
    files.map(async (file) => ({
      name: file.replace('.json', ''),
      history: History.fromObject(
        JSON.parse(await readFile(join(DIRECTORY, file), 'utf8')) as Record<string, unknown>,
      ),
    })),
  );
}
