/** Posts signed webhooks, each of them new, and tells how fast they were answered. Ends with its parent. */
import autocannon, { type Options, type Result } from 'autocannon';
import { randomInt } from 'node:crypto';
import { signPublished } from '../simulator/sign';
import { customer, webchatEvent } from './customers';
import type { LoadJob, LoadResult } from './load';
import { percentile } from './statistics';

let next = randomInt(500_000);

process.on('message', (job: LoadJob) => {
  void run(job).then((result) => process.send!(result));
});

async function run({ url, secret, connections, seconds }: LoadJob): Promise<LoadResult> {
  const times: number[] = [];
  let last = 0;
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  const { non2xx, errors } = await new Promise<Result>((resolve, reject) => {
    const options: Options = {
      ...{ url, connections, duration: seconds, method: 'POST' },
      requests: [{ setupRequest: (request) => ({ ...request, ...signedRequest(secret) }) }],
    };
    const load = autocannon(options, (error: Error | null, result) =>
      error ? reject(error) : resolve(result),
    );
    // autocannon's own histogram knows whole milliseconds only.
    load.on('response', (_client, _status, _bytes, milliseconds) => {
      times.push(milliseconds);
      last = performance.now();
    });
  });
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    answers: times.length,
    rate: (times.length / (last - started)) * 1000,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    failures: non2xx + errors,
    busy: (user + system) / 1000 / (performance.now() - started),
  };
}

function signedRequest(secret: string) {
  const body = JSON.stringify(webchatEvent(customer(next++)));
  return { body, headers: { 'content-type': 'application/json', ...signPublished(secret, body) } };
}
