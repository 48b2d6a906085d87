/** A real Prometheus that scrapes a system with the example configuration, every second instead of every 15. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { Child } from '../../embedded/child';
import { ROOT } from '../../embedded/paths';
import { leashed } from '../../embedded/programs';
import { provisionPrometheus } from '../../embedded/provision/prometheus';
import { freePort } from './ports';

const DEPLOYED = join(ROOT, 'deploy/prometheus');

interface Configuration {
  global: Record<string, string>;
  scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
}

export interface Sample {
  metric: Record<string, string>;
  value: number;
}

export interface Prometheus {
  /** What a query gives at this moment. @throws when Prometheus refuses it */
  query(expression: string): Promise<Sample[]>;
  stop(): Promise<void>;
}

/** @param targets host and port of what is scraped, by the names of the jobs in the example */
export async function startPrometheus(targets: Record<string, string[]>): Promise<Prometheus> {
  const { prometheus } = await provisionPrometheus();
  const directory = await mkdtemp(join(tmpdir(), 'podium-webchat-prometheus-'));
  await cp(DEPLOYED, directory, { recursive: true });
  const configFile = join(directory, 'prometheus.yml');
  const config = parse(await readFile(configFile, 'utf8')) as Configuration;
  config.global = { scrape_interval: '1s', evaluation_interval: '1s' };
  for (const job of config.scrape_configs) job.static_configs = [{ targets: targets[job.job_name]! }];
  await writeFile(configFile, stringify(config));

  const address = `127.0.0.1:${await freePort()}`;
  const args = ['--config.file', configFile, '--web.listen-address', address];
  args.push('--storage.tsdb.path', join(directory, 'data'), '--log.level', 'warn');
  const child = new Child(
    leashed(
      'prometheus',
      { logDirectory: directory, dataDirectory: directory },
      { command: prometheus, args, stopSignal: 'SIGTERM' },
      (signal) => isReady(`http://${address}/-/ready`, signal),
    ),
  );
  await child.start();
  return {
    query: (expression) => query(`http://${address}`, expression),
    async stop() {
      await child.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function isReady(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answer = await fetch(url, { signal }).catch(() => null);
    if (answer?.ok) return;
    await delay(50);
  }
}

interface Answer {
  status: 'success' | 'error';
  error?: string;
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
}

async function query(url: string, expression: string): Promise<Sample[]> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { status, error, data } = (await answer.json()) as Answer;
  if (status !== 'success') throw new Error(`${expression}: ${error}`);
  return data.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
}
