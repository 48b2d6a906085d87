/** One process of the system: started, known to be ready, stopped in good order or killed. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Program {
  name: string;
  /** Arguments of `node`: the script first. */
  args: string[];
  /** Laid over this process' own environment. */
  env: Record<string, string>;
  logFile: string;
  /**
   * Resolves when the program can be used. Absent where the program says so itself, by a log line
   * with `"event":"ready"`.
   */
  becomesReady?: (signal: AbortSignal) => Promise<void>;
}

const READY_MS = 60_000;
/** A worker may finish the calls that it has begun, and all has to be over within 10 s. */
const STOP_MS = 6_500;

type Process = ChildProcessByStdio<Writable, Readable, Readable>;

export class Child {
  private process: Process | null = null;
  private ended: Promise<void> = Promise.resolve();

  constructor(readonly program: Program) {}

  get name(): string {
    return this.program.name;
  }

  /** Null while it does not run. */
  get pid(): number | null {
    return this.process?.pid ?? null;
  }

  /**
   * Starts the process and waits until it is ready.
   * @throws with the end of its log when it ends before, or takes longer than a minute
   */
  async start(): Promise<void> {
    const process = this.spawn();
    const decided = new AbortController();
    const { becomesReady = () => announcesReady(process) } = this.program;
    try {
      await Promise.race([
        becomesReady(decided.signal),
        this.ended.then(() => fail('ended at once')),
        sleep(READY_MS, undefined, { signal: decided.signal }).then(() => fail('did not get ready')),
      ]);
    } catch (error) {
      await this.kill();
      throw new Error(`${this.name} ${(error as Error).message}:\n${await this.lastWords()}`, {
        cause: error,
      });
    } finally {
      decided.abort();
    }
  }

  /** Ends it in good order, by force when that takes too long. */
  async stop(): Promise<void> {
    const process = this.process;
    process?.kill('SIGTERM');
    const late = setTimeout(() => process?.kill('SIGKILL'), STOP_MS);
    await this.ended;
    clearTimeout(late);
  }

  /** Ends it as a crash does (`kill -9`), and waits until it is gone. */
  async kill(): Promise<void> {
    this.process?.kill('SIGKILL');
    await this.ended;
  }

  /** Resolves when the process has ended, whatever the cause. */
  end(): Promise<void> {
    return this.ended;
  }

  private spawn(): Process {
    const child = spawn(process.execPath, this.program.args, {
      env: { ...process.env, ...this.program.env, EXIT_WITH_PARENT: '1' },
      // Its stdin closes when this process dies, however that happens, and it ends by itself.
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C on the terminal reaches us alone, and we decide on the order.
      detached: true,
    });
    child.stdin.on('error', () => undefined);
    const log = createWriteStream(this.program.logFile, { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    this.process = child;
    this.ended = new Promise((resolve) => {
      child.once('close', () => {
        this.process = null;
        log.end(resolve);
      });
    });
    return child;
  }

  private async lastWords(): Promise<string> {
    const log = await readFile(this.program.logFile, 'utf8').catch(() => '');
    return [...log.trimEnd().split('\n').slice(-12), `(${this.program.logFile})`].join('\n');
  }
}

function fail(message: string): never {
  throw new Error(message);
}

/** Resolves at the log line in which a process says that it is ready. */
function announcesReady({ stdout }: Process): Promise<void> {
  return new Promise((resolve) => {
    createInterface(stdout).on('line', (line) => {
      if (line.includes('"event":"ready"')) resolve();
    });
  });
}
