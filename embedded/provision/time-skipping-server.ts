/** Temporal's test server, whose clock jumps over idle time: 28 minutes pass in a blink. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, makeCached } from './cache';
import { withProgress } from './progress';
import { onPath, run } from './run';
import { downloadWithSdk } from './sdk-download';
import { firstThatWorks } from './ways';

const VERSION = '1.31.0';
const ENTRY = `temporal-test-server-${VERSION}`;
const FILE = 'temporal-test-server';

/**
 * The path of a time-skipping server, as `server.executable.path` of the SDK takes it: the cached
 * one, or one made now, by a download or from its Java artifact.
 * @throws NotProvisioned, with every way out
 */
export function provisionTimeSkippingServer(): Promise<string> {
  return firstThatWorks(
    'The time-skipping Temporal server, which the tests need,',
    [
      { name: 'made earlier', find: () => cached(ENTRY, FILE) },
      { name: 'download by the SDK', find: download },
      { name: 'Java and Maven', find: assembleWithMaven },
    ],
    [
      'let this machine reach https://temporal.download',
      'install Java 17 or newer and Maven, with a Maven repository in reach',
    ],
  );
}

function download(): Promise<string> {
  return withProgress('Downloading the time-skipping server, once', () =>
    makeCached(ENTRY, FILE, (directory) =>
      downloadWithSdk({ kind: 'time-skipping', version: `v${VERSION}` }, directory, FILE),
    ),
  );
}

async function assembleWithMaven(): Promise<string | null> {
  const [java, maven] = [await onPath('java'), await onPath('mvn')];
  if (!java || !maven) return null;
  return withProgress('Fetching the time-skipping server with Maven, once', () =>
    makeCached(ENTRY, FILE, async (directory) => {
      await writeFile(join(directory, 'pom.xml'), POM);
      await run(maven, ['--batch-mode', '--quiet', 'dependency:copy-dependencies', '-DoutputDirectory=lib'], {
        cwd: directory,
      });
      await writeFile(join(directory, FILE), SCRIPT);
      await chmod(join(directory, FILE), 0o755);
    }),
  );
}

const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>podium-webchat</groupId>
  <artifactId>time-skipping-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${VERSION}</version>
    </dependency>
    <dependency><!-- without a logger it complains at every start -->
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;

const SCRIPT = `#!/bin/sh
cd "$(dirname "$0")" && exec java -cp 'lib/*' io.temporal.testserver.TestServer "$@"
`;
