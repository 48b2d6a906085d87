import { phoneHash, sessionWorkflowId } from './ids';

const PHONE = '+61412345678';
const LOCATION = '9e000000-0000-4000-8000-000000000001';

test('a session has the same id for the same phone, location and key', () => {
  expect(sessionWorkflowId(PHONE, LOCATION, 'key')).toBe(sessionWorkflowId(PHONE, LOCATION, 'key'));
  expect(sessionWorkflowId(PHONE, LOCATION, 'key')).toMatch(new RegExp(`^webchat:${LOCATION}:[0-9a-f]{32}$`));
});

test('another phone, location or key makes another id', () => {
  const hashes = [
    sessionWorkflowId(PHONE, LOCATION, 'key'),
    sessionWorkflowId('+61400123456', LOCATION, 'key'),
    sessionWorkflowId(PHONE, 'elsewhere', 'key'),
    sessionWorkflowId(PHONE, LOCATION, 'another key'),
  ].map((id) => id.split(':').at(-1));
  expect(new Set(hashes).size).toBe(4);
});

test('no id holds digits of the phone', () => {
  expect(sessionWorkflowId(PHONE, LOCATION, 'key')).not.toContain('412345678');
});

test('hashes of different purpose do not tell that they are of the same phone', () => {
  const audited = phoneHash(PHONE, 'key');
  expect(audited).toMatch(/^[0-9a-f]{32}$/);
  expect(sessionWorkflowId(PHONE, LOCATION, 'key')).not.toContain(audited);
});
