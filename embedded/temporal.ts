/** Temporal's dev server with its Web UI, as this system uses it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../core/search-attributes';
import type { Child } from './child';
import type { Call } from './postgres';

export const NAMESPACE = 'default';

/**
 * Without the first two, servers before 1.31 let priority and fairness keys pass without effect. Each partition of a
 * queue has an order and a rate of its own: with the usual four, notes pass answers.
 */
export const DYNAMIC_CONFIG = [
  'matching.useNewMatcher=true',
  'matching.enableFairness=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

export interface TemporalPlan {
  cli: string;
  port: number;
  uiPort: number;
  /** Where its state is kept; null keeps it in memory only. */
  databaseFile: string | null;
  /** Where the Web UI has payloads decoded, its secret in the path; null for no Web UI. */
  codecEndpoint: string | null;
}

/** How the server is called. */
export function temporalCall(plan: TemporalPlan): Call {
  return {
    command: plan.cli,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(plan.port), '--log-level', 'warn'],
      ...(plan.databaseFile ? ['--db-filename', plan.databaseFile] : []),
      ...(plan.codecEndpoint
        ? ['--ui-port', String(plan.uiPort), '--ui-codec-endpoint', plan.codecEndpoint]
        : ['--headless']),
      ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
        '--search-attribute',
        `${name}=${type}`,
      ]),
      ...DYNAMIC_CONFIG.flatMap((setting) => ['--dynamic-config-value', setting]),
    ],
  };
}

/** Resolves when the server answers for its namespace. Asked by a count, since the namespace can be described before its lists answer. */
export async function temporalAnswers(address: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: '2s' });
      try {
        await connection.withDeadline(Date.now() + 2_000, () =>
          connection.workflowService.countWorkflowExecutions({ namespace: NAMESPACE }),
        );
        return;
      } finally {
        await connection.close();
      }
    } catch {
      await sleep(50);
    }
  }
}

/**
 * Starts it, a second time if need be: its inner services choose ports that were free a moment before, and somebody
 * else may be faster.
 */
export async function startTemporal(temporal: Child): Promise<void> {
  await temporal.start().catch(() => temporal.start());
}
