/** Chromium, in which the tests use the widget as a customer does. */
import { readFile, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { version } from 'playwright-core/package.json';
import { installWithApt } from './apt';
import { cached, makeCached } from './cache';
import { withProgress } from './progress';
import { EXE, namedBy, onPath, run } from './run';
import { firstThatWorks } from './ways';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const MAC_CHROME = '/Applications/Google Chrome.app/Contents/MacOS';
const ENTRY = `chromium-of-playwright-${version}`;
const DOWNLOADED = `chrome-headless-shell${EXE}`;
const FILE = join('chromium', DOWNLOADED);
/** A network that lets nobody out is found out soon. */
const CONNECT_WITHIN_MS = '10000';

/**
 * The path of a Chromium or Chrome: the one that was named, an installed one, the cached one, or one got
 * now, as Debian's package or by Playwright's download.
 * @throws NotProvisioned, with every way out
 */
export function provisionChromium(): Promise<string> {
  return firstThatWorks(
    'Chromium, in which the tests use the widget,',
    [
      { name: 'CHROMIUM_PATH', find: () => namedBy('CHROMIUM_PATH') },
      { name: 'Chromium or Chrome, installed', find: installed },
      { name: 'downloaded earlier', find: () => cached(ENTRY, FILE) },
      { name: "Debian's package `chromium`", find: installFromDebian },
      { name: 'download by Playwright', find: download },
    ],
    [
      'install Chromium or Chrome, or name one in CHROMIUM_PATH',
      "on Debian, run this as root with Debian's packages in reach, or run `apt-get install chromium` yourself",
      'let this machine reach https://cdn.playwright.dev',
    ],
  );
}

async function installed(): Promise<string | null> {
  for (const name of NAMES) {
    const path = await onPath(name);
    if (path) return path;
  }
  return process.platform === 'darwin' ? onPath('Google Chrome', [MAC_CHROME]) : null;
}

async function installFromDebian(): Promise<string | null> {
  if (!(await isDebian())) return null;
  const done = await withProgress("Installing Debian's Chromium, once", () =>
    installWithApt('chromium', 'fonts-liberation'),
  );
  return done ? installed() : null;
}

/** Ubuntu's package of this name is none: it sends to a store of its own. */
async function isDebian(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID=debian$/m.test(release);
}

function download(): Promise<string> {
  return withProgress('Downloading Chromium with Playwright, once', () =>
    makeCached(ENTRY, FILE, async (directory) => {
      await downloadInto(directory);
      const paths = await readdir(directory, { recursive: true });
      const program = paths.find((path) => basename(path) === DOWNLOADED);
      if (program) await rename(join(directory, dirname(program)), join(directory, dirname(FILE)));
    }),
  );
}

async function downloadInto(directory: string): Promise<void> {
  const playwright = join(dirname(require.resolve('playwright-core/package.json')), 'cli.js');
  const env = {
    PLAYWRIGHT_BROWSERS_PATH: directory,
    PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: CONNECT_WITHIN_MS,
  };
  const errors: string[] = [];
  const onLine = (line: string) => void (line.startsWith('Error: ') && errors.push(line));
  await run(process.execPath, [playwright, 'install', 'chromium-headless-shell'], { env, onLine }).catch(
    (error: Error) => {
      // What it says last is a stack of its own.
      throw new Error(errors[0] ?? error.message, { cause: error });
    },
  );
}
