/** One system per data directory. A dead run holds nothing: its socket answers nobody. */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** True when this process now holds the directory, until it ends; false when another one does. */
export async function holdAlone(directory: string): Promise<boolean> {
  const path = socketOf(directory);
  if (await answers(path)) return false;
  rmSync(path, { force: true });
  const server = createServer((caller) => caller.end());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  server.unref();
  return true;
}

/** Below the temporary directory, since the path of a socket may only be short. */
function socketOf(directory: string): string {
  const name = `podium-webchat-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const caller = connect(path, () => {
      caller.destroy();
      resolve(true);
    });
    caller.on('error', () => resolve(false));
  });
}
