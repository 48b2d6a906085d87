/** What happens to an upload between the file store and the database. */
import type { FileStore } from '../../store/files/file-store';
import type { Pool } from '../../store/database';

/** All uploads have begun so much earlier. */
export async function uploadsAge(pool: Pool, hours: number): Promise<void> {
  await pool.query("update file_uploads set begun_at = begun_at - $1 * interval '1 hour'", [hours]);
}

/** Has `work` done once the next content is in the store, before anybody writes that down. */
export function afterNextPut(files: FileStore, work: () => unknown): void {
  const { put } = files;
  jest.spyOn(files, 'put').mockImplementationOnce(async (...content) => {
    await put(...content);
    await work();
  });
}
