/**
 * Holds a program that is not ours: ends it when our stdin closes, as happens even after a `kill -9` of
 * whoever started us. `node leash.cjs '<Leashed of programs.ts, as JSON>'`
 *
 * Plain JavaScript, so that the tests' Postgres needs no build.
 */
const { execFileSync, spawn } = require('node:child_process');
const { openSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');

const STOP_MS = 2_500;

async function main({ name, command, args, uid, gid, stopSignal, logFile, pidFile }) {
  process.title = `podium-webchat-leash ${name}`;
  await endLeftover(pidFile, name, stopSignal);
  // It writes there itself: a pipe would break with its reader, in the middle of its last work.
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, {
    uid,
    gid,
    cwd: '/', // the user it runs as may not be allowed to be where we are
    stdio: ['ignore', log, log],
  });
  child.on('spawn', () => writeFileSync(pidFile, String(child.pid)));
  child.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  child.on('exit', (code) => {
    rmSync(pidFile, { force: true });
    process.exit(code ?? 1);
  });

  const stop = () => {
    child.kill(stopSignal);
    setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop);
  process.stdin.resume().on('close', stop);
}

/** Ends what an earlier run left behind, when its leash was killed as well. */
async function endLeftover(pidFile, name, stopSignal) {
  const pid = leftoverPid(pidFile, name);
  if (pid === null) return;
  process.kill(pid, stopSignal);
  for (const deadline = Date.now() + STOP_MS; Date.now() < deadline && isAlive(pid);) await sleep(50);
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}

/** The process of the file, if it is still the same program: process ids are given anew. */
function leftoverPid(pidFile, name) {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    const running = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return running.includes(name) ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

void main(JSON.parse(process.argv[2]));
