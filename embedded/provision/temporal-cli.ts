/** Temporal's CLI, which is the dev server with its Web UI too. */
import { cached, makeCached } from './cache';
import { withProgress } from './progress';
import { EXE, installWithGo, namedBy, onPath } from './run';
import { downloadWithSdk } from './sdk-download';
import { firstThatWorks } from './ways';

/** Server 1.29.1 and Web UI 2.42.1. Later tags carry a `replace`, which `go install` refuses. */
const VERSION = '1.5.1';
const ENTRY = `temporal-cli-${VERSION}`;
const FILE = `temporal${EXE}`;

/**
 * The path of a Temporal CLI: the one that was named, the one on the PATH, the cached one, or one
 * made now, by a download or from source.
 * @throws NotProvisioned, with every way out
 */
export function provisionTemporal(): Promise<string> {
  return firstThatWorks(
    'The Temporal server',
    [
      { name: 'TEMPORAL_CLI_PATH', find: () => namedBy('TEMPORAL_CLI_PATH') },
      { name: '`temporal` on the PATH', find: () => onPath('temporal') },
      { name: 'made earlier', find: () => cached(ENTRY, FILE) },
      { name: 'download by the SDK', find: download },
      { name: 'built from source with Go', find: buildWithGo },
    ],
    [
      'let this machine reach https://temporal.download',
      'install Go 1.25 or newer, with a Go module proxy in reach (a build of some minutes, once)',
      "install Temporal's CLI and have it on the PATH, or name it in TEMPORAL_CLI_PATH",
    ],
  );
}

function download(): Promise<string> {
  return withProgress("Downloading Temporal's dev server, once", () =>
    makeCached(ENTRY, FILE, (directory) =>
      downloadWithSdk({ kind: 'dev-server', version: `v${VERSION}` }, directory, FILE),
    ),
  );
}

async function buildWithGo(): Promise<string | null> {
  const go = await onPath('go');
  if (!go) return null;
  return withProgress("Building Temporal's dev server from source, once; some minutes", (detail) => {
    let packages = 0;
    return makeCached(ENTRY, FILE, async (directory) => {
      const source = `github.com/temporalio/cli/cmd/temporal@v${VERSION}`;
      await installWithGo(go, source, directory, (line) =>
        detail(line.startsWith('go: ') ? 'fetching sources' : `${++packages} packages compiled`),
      );
    });
  });
}
