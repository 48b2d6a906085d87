/** The pictures of the docs: taken anew by `npm run pictures`, else only looked at for their size. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT } from '../../embedded/paths';

/** Takes `docs/pictures/<name>.png`. @throws when it is too large for a repository */
export async function takePicture(page: Page, name: string, mostBytes = 100_000): Promise<void> {
  const picture = await page.screenshot({ animations: 'disabled' });
  if (picture.length > mostBytes) throw new Error(`${name}.png has ${picture.length} bytes.`);
  if (process.env['STORE_PICTURES']) await writeFile(join(ROOT, 'docs/pictures', `${name}.png`), picture);
}
