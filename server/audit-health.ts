/** Whether the audit is sealed in time, as `/readyz` and `/metrics` tell it. */
import type { Registry } from 'prom-client';
import type { Unsealed } from '../store/audit-seals';
import { addFigureGauge } from './figure-gauge';

/** It takes seconds; by then something is wrong. */
const STUCK_AFTER_SECONDS = 60;

/** @throws with the reason, when a row waits for its seal for too long */
export async function auditIsSealed(read: () => Promise<Unsealed>): Promise<void> {
  const { count, oldestSeconds } = await read();
  if (oldestSeconds > STUCK_AFTER_SECONDS)
    throw new Error(
      `${count} row(s) not sealed, one for ${Math.round(oldestSeconds)} s: see the server's log`,
    );
}

export function addAuditMetrics(registry: Registry, read: () => Promise<Unsealed>): void {
  addFigureGauge(
    registry,
    {
      name: 'podium_webchat_audit_oldest_unsealed_seconds',
      help: 'Age of the oldest row of the audit that waits for its seal. More than some seconds: no server seals.',
    },
    read,
    ({ oldestSeconds }) => oldestSeconds,
  );
}
