/** Debian's packages, for who may install them. */
import { onPath, run } from './run';

/** Somebody else may be installing packages, too. */
const OPTIONS = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300'];

/** @returns whether they are installed now: only root can, and only where there is apt */
export async function installWithApt(...packages: string[]): Promise<boolean> {
  if (process.getuid?.() !== 0 || !(await onPath('apt-get'))) return false;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', ...OPTIONS], { env });
  await run('apt-get', ['install', '--no-install-recommends', ...OPTIONS, ...packages], { env });
  return true;
}
