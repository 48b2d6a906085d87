/** The download that Temporal's SDK brings along, for whoever reaches the internet. */
import { chmod, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Runtime } from '@temporalio/worker';
import { TestWorkflowEnvironment } from '@temporalio/testing';

/**
 * Lets the SDK download the program into `directory` and names it `file`. The SDK also starts it
 * once, which proves that it runs here.
 */
export async function downloadWithSdk(
  program: { kind: 'dev-server' | 'time-skipping'; version: string },
  directory: string,
  file: string,
): Promise<void> {
  const executable = { type: 'cached-download', downloadDir: directory, version: program.version } as const;
  try {
    const environment = await (program.kind === 'dev-server'
      ? TestWorkflowEnvironment.createLocal({ server: { executable } })
      : TestWorkflowEnvironment.createTimeSkipping({ server: { executable } }));
    await environment.teardown();
  } finally {
    await Runtime.instance().shutdown();
  }
  const sizes = await Promise.all(
    (await readdir(directory)).map(async (name) => ({
      name,
      size: (await stat(join(directory, name))).size,
    })),
  );
  const downloaded = sizes.sort((one, other) => other.size - one.size)[0];
  if (!downloaded) throw new Error('The download left no file behind.');
  await rename(join(directory, downloaded.name), join(directory, file));
  await chmod(join(directory, file), 0o755);
}
