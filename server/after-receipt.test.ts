import pino from 'pino';
import { failure, type ErrorCode } from '../core/error-codes';
import { contactChange, customerMessage, JANE, received } from '../test/support/received';
import { afterReceipt } from './after-receipt';
import { createMetrics } from './metrics';
import { rejectionAlarm } from './rejection-burst';

function rig() {
  const log: { level: number; code?: string }[] = [];
  const calls = { relay: 0, location: 0 };
  const metrics = createMetrics();
  const logger = pino({}, { write: (line: string) => void log.push(JSON.parse(line)) });
  const onReceived = afterReceipt({
    wakeRelay: () => void calls.relay++,
    seekLocation: () => void calls.location++,
    onRejection: rejectionAlarm({ count: 3, minutes: 5 }, { metrics, logger }),
    metrics,
    logger,
  });
  return { onReceived, calls, log, metrics };
}

function quarantined(code: ErrorCode, parts: { phone?: string | null; stop?: boolean } = {}) {
  return received(
    {},
    {
      kind: 'quarantined',
      failure: failure(code),
      phone: parts.phone ?? null,
      locationUid: 'nowhere',
      optOut: parts.stop ? { rule: 'keyword' } : null,
      said: null,
    },
  );
}

it('wakes the relay for what is new, and for nothing that came before', () => {
  const { onReceived, calls } = rig();
  onReceived(customerMessage(), { status: 'duplicate' });
  expect(calls.relay).toBe(0);
  onReceived(customerMessage(), { status: 'accepted' });
  expect(calls.relay).toBe(1);
});

it('wakes the relay for a STOP at an unknown location too', () => {
  const { onReceived, calls } = rig();
  onReceived(quarantined('ERR_WEBCHAT_003', { phone: JANE, stop: true }), { status: 'quarantined' });
  expect(calls.relay).toBe(1);
});

it('has the list read anew for an unknown location only', () => {
  const { onReceived, calls } = rig();
  onReceived(quarantined('ERR_WEBCHAT_001'), { status: 'quarantined' });
  expect(calls.location).toBe(0);
  onReceived(quarantined('ERR_WEBCHAT_003'), { status: 'quarantined' });
  expect(calls.location).toBe(1);
});

it('raises ERR_WEBCHAT_012 once for a burst of events that could not be routed', () => {
  const { onReceived, log } = rig();
  for (let i = 0; i < 5; i++) onReceived(quarantined('ERR_WEBCHAT_003'), { status: 'quarantined' });
  expect(log.filter(({ code }) => code === 'ERR_WEBCHAT_012')).toHaveLength(1);
});

it('raises an alarm for an opt-out whose phone cannot be made out', () => {
  const { onReceived, log } = rig();
  onReceived(quarantined('ERR_WEBCHAT_001', { stop: true }), { status: 'quarantined' });
  expect(log.filter(({ level }) => level === pino.levels.values['error'])).toHaveLength(1);
});

it('raises it also where other phones of the contact are clear', () => {
  const { onReceived, log } = rig();
  const optOuts = [{ phone: JANE, at: new Date() }];
  const unclear = failure('ERR_WEBCHAT_001');
  onReceived(
    received({}, { kind: 'contact_changed', change: contactChange(), optOuts, cleared: [], unclear }),
    { status: 'quarantined', failure: unclear },
  );
  expect(log.filter(({ level }) => level === pino.levels.values['error'])).toHaveLength(1);
});

it('writes neither phones nor texts into the log', () => {
  const { onReceived, log } = rig();
  onReceived(customerMessage({ phone: JANE, text: 'STOP', stop: true }), { status: 'accepted' });
  onReceived(quarantined('ERR_WEBCHAT_003', { phone: JANE }), { status: 'quarantined' });
  expect(log).toHaveLength(4);
  expect(JSON.stringify(log)).not.toContain(JANE);
  expect(JSON.stringify(log)).not.toContain('test drive');
});
