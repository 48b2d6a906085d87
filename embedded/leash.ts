/**
 * Holds a program that is not ours: ends it when our stdin closes, as happens even after a `kill -9` of
 * the supervisor. `node leash.js '<Leashed as JSON>'`
 */
import { execFileSync, spawn } from 'node:child_process';
import { openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Leashed {
  command: string;
  args: string[];
  /** The user to run as, where it must be another one. */
  uid?: number;
  gid?: number;
  /** The signal that ends it in good order. */
  stopSignal: NodeJS.Signals;
  /** The program writes there itself: a pipe would break with its reader, in the middle of its last work. */
  logFile: string;
  /** Holds its process id, so that a leash that died too is made good by the next one. */
  pidFile: string;
}

const STOP_MS = 2_500;

async function main(leashed: Leashed): Promise<void> {
  process.title = `podium-webchat-leash ${basename(leashed.command)}`;
  await endLeftover(leashed);
  const log = openSync(leashed.logFile, 'a');
  const child = spawn(leashed.command, leashed.args, {
    uid: leashed.uid,
    gid: leashed.gid,
    cwd: '/', // the user it runs as may not be allowed to be where we are
    stdio: ['ignore', log, log],
  });
  child.on('spawn', () => writeFileSync(leashed.pidFile, String(child.pid)));
  child.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  child.on('exit', (code) => {
    rmSync(leashed.pidFile, { force: true });
    process.exit(code ?? 1);
  });

  const stop = (): void => {
    child.kill(leashed.stopSignal);
    setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  process.stdin.resume().on('close', stop);
}

/** Ends what an earlier run left behind, when its leash was killed as well. */
async function endLeftover({ pidFile, command, stopSignal }: Leashed): Promise<void> {
  const pid = leftoverPid(pidFile, basename(command));
  if (pid === null) return;
  process.kill(pid, stopSignal);
  for (const deadline = Date.now() + STOP_MS; Date.now() < deadline && isAlive(pid);) await sleep(50);
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}

/** The process of the file, if it is still the same program: process ids are given anew. */
function leftoverPid(pidFile: string, program: string): number | null {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    const running = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return running.includes(program) ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

void main(JSON.parse(process.argv[2] ?? '') as Leashed);
