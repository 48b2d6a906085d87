/** Load on a webhook receiver, made in a process of its own (`load-process.ts`). */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { built } from '../embedded/paths';

export interface LoadJob {
  url: string;
  secret: string;
  /** Kept open, each with one request on its way. */
  connections: number;
  seconds: number;
}

export interface LoadResult {
  answers: number;
  /** Answers a second. */
  rate: number;
  /** In ms. */
  p50: number;
  p99: number;
  /** Answers other than 200, and connections that broke. */
  failures: number;
  /** How much of a core the load took: near 1, it is the load and not the server that is measured. */
  busy: number;
}

export class LoadGenerator {
  private readonly process: ChildProcess = fork(built('bench/load-process.js'));

  /** @throws when anything but 200 was answered, since such a figure would say nothing */
  async run(job: LoadJob): Promise<LoadResult> {
    this.process.send(job);
    const [result] = (await once(this.process, 'message')) as [LoadResult];
    if (result.failures > 0 || result.answers === 0)
      throw new Error(`${result.failures} failures and ${result.answers} answers under load at ${job.url}`);
    return result;
  }

  stop(): void {
    this.process.disconnect();
  }
}
