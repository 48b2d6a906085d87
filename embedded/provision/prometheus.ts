/** Prometheus with its `promtool`, for the tests of rules and dashboards. */
import { dirname, join } from 'node:path';
import { cached, makeCached } from './cache';
import { EXE, namedBy, onPath, run } from './run';
import { firstThatWorks } from './ways';

const ENTRY = 'prometheus-debian';
const FILE = join('usr/bin', `prometheus${EXE}`);

/**
 * The paths of prometheus and promtool: beside the one that was named, on the PATH, cached, or out of Debian's
 * package, of which nothing is installed.
 * @throws NotProvisioned, with every way out
 */
export async function provisionPrometheus(): Promise<{ prometheus: string; promtool: string }> {
  const prometheus = await firstThatWorks(
    'Prometheus',
    [
      { name: 'PROMETHEUS_PATH', find: () => namedBy('PROMETHEUS_PATH') },
      { name: '`prometheus` on the PATH', find: () => onPath('prometheus') },
      { name: 'made earlier', find: () => cached(ENTRY, FILE) },
      { name: "Debian's package", find: unpackFromDebian },
    ],
    [
      'on Debian or Ubuntu, let apt reach its archive (`apt-get download prometheus`)',
      'install Prometheus 2.40 or newer and have it on the PATH, or name it in PROMETHEUS_PATH; promtool stands beside it',
    ],
  );
  return { prometheus, promtool: join(dirname(prometheus), `promtool${EXE}`) };
}

async function unpackFromDebian(): Promise<string | null> {
  const [apt, dpkg] = [await onPath('apt-get'), await onPath('dpkg-deb')];
  if (!apt || !dpkg) return null;
  return makeCached(ENTRY, FILE, async (directory) => {
    const download = () => run(apt, ['download', 'prometheus'], { cwd: directory });
    await download().catch(() => run(apt, ['update']).then(download)); // the lists may be old, or not there yet
    await run('sh', ['-c', `${dpkg} --extract prometheus_*.deb .`], { cwd: directory });
  });
}
