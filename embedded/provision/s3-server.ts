/** A server that speaks S3, for the tests of the bucket. */
import { cached, makeCached } from './cache';
import { EXE, installWithGo, namedBy, onPath } from './run';
import { firstThatWorks } from './ways';

const VERSION = '1.2.0';
const ENTRY = `gofakes3-${VERSION}`;
const FILE = `gofakes3${EXE}`;

/**
 * The path of gofakes3: the one that was named, the one on the PATH, the cached one, or one made now.
 * @throws NotProvisioned, with every way out
 */
export function provisionS3Server(): Promise<string> {
  return firstThatWorks(
    'The S3 server',
    [
      { name: 'GOFAKES3_PATH', find: () => namedBy('GOFAKES3_PATH') },
      { name: '`gofakes3` on the PATH', find: () => onPath('gofakes3') },
      { name: 'made earlier', find: () => cached(ENTRY, FILE) },
      { name: 'built from source with Go', find: buildWithGo },
    ],
    [
      'install Go 1.25 or newer, with a Go module proxy in reach (a build of some seconds, once)',
      'have gofakes3 on the PATH, or name it in GOFAKES3_PATH',
    ],
  );
}

async function buildWithGo(): Promise<string | null> {
  const go = await onPath('go');
  if (!go) return null;
  const source = `github.com/johannesboyne/gofakes3/cmd/gofakes3@v${VERSION}`;
  return makeCached(ENTRY, FILE, (directory) => installWithGo(go, source, directory));
}
