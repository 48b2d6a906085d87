import { auditVerdict, type OptOutLayers } from './opt-out-audit';

const now = new Date('2026-07-23T12:00:00Z');
const [EARLIER, LATER] = [new Date('2026-07-20T10:00:00Z'), new Date('2026-07-21T10:00:00Z')];
const ago = (ms: number) => new Date(now.getTime() - ms);

const out = { ledger: { optedOut: true, undecidedAt: null, source: 'text', recordedAt: EARLIER } };
const outByPodium = { ledger: { ...out.ledger, source: 'podium' } };
const optedIn = (recordedAt: Date) => ({
  ledger: { optedOut: false, undecidedAt: null, source: 'text', recordedAt },
});
const undecided = { ledger: { optedOut: false, undecidedAt: LATER, source: null, recordedAt: null } };
const told = { mirror: { state: 'told', toldAt: EARLIER } } as const;
const mirror = (state: 'pending' | 'not_permitted' | 'refused') => ({ mirror: { state, toldAt: null } });
const awaited = { contactAwaited: true };

const contact = (optedOutAt: Date | null) => ({ podium: { kind: 'contact', optedOutAt } }) as const;
const noContact = { podium: { kind: 'none' } } as const;
const away = (reason: 'podium_unreachable') => ({ podium: { kind: 'unknown', reason } }) as const;

const verdict = (layers: Partial<OptOutLayers>) =>
  auditVerdict({ ledger: null, mirror: null, contactAwaited: false, ...contact(null), ...layers }, now);

test.each<[string, Partial<OptOutLayers>, string]>([
  ['nobody ever wanted anything', {}, 'agree'],
  ['opted out on both sides', { ...out, ...told, ...contact(EARLIER) }, 'agree'],
  [
    '… though Podium did not let us tell it',
    { ...out, ...mirror('not_permitted'), ...contact(LATER) },
    'agree',
  ],
  ['opted in again on both sides', { ...optedIn(LATER), ...told }, 'agree'],
  ['to be decided by a person', undecided, 'undecided'],
  ['… of whom Podium has no contact', { ...undecided, ...noContact }, 'undecided'],
  ['no contact at Podium', noContact, 'no_contact'],
  [
    'no contact for Podium to opt out',
    { ...out, ...mirror('refused'), ...noContact },
    'no_contact_to_opt_out',
  ],
])('consistent: %s', (_, layers, reason) => {
  expect(verdict(layers)).toEqual({ consistent: true, reason, mend: null });
});

test.each<[string, Partial<OptOutLayers>, string, string | null]>([
  ['Podium is being told', { ...out, ...mirror('pending') }, 'mirror_pending', null],
  ['Podium does not let us tell it', { ...out, ...mirror('not_permitted') }, 'mirror_not_permitted', null],
  ['Podium refuses it', { ...out, ...mirror('refused') }, 'mirror_refused', null],
  ['Podium was told, and does not have it', { ...out, ...told }, 'opted_out_here_only', 'tell_again'],
  ['Podium does not show its own any more', { ...outByPodium, ...told }, 'opted_out_here_only', null],
  ['nobody knows what Podium was told', out, 'opted_out_here_only', null],
  ['an event of Podium was missed', contact(LATER), 'opted_out_at_podium_only', 'record'],
  [
    '… after an opt-in',
    { ...optedIn(EARLIER), ...told, ...contact(LATER) },
    'opted_out_at_podium_only',
    'record',
  ],
  [
    '… at the very moment of one',
    { ...optedIn(LATER), ...contact(LATER) },
    'opted_out_at_podium_only',
    'record',
  ],
  ['… while a person decides', { ...undecided, ...contact(EARLIER) }, 'opted_out_at_podium_only', 'record'],
  [
    'Podium is being told of an opt-in',
    { ...optedIn(LATER), ...mirror('pending'), ...contact(EARLIER) },
    'mirror_pending',
    null,
  ],
  [
    'Podium does not let us tell of an opt-in',
    { ...optedIn(LATER), ...mirror('not_permitted'), ...contact(EARLIER) },
    'mirror_not_permitted',
    null,
  ],
  [
    'Podium holds on to what an opt-in has undone',
    { ...optedIn(LATER), ...told, ...contact(EARLIER) },
    'opted_in_here_only',
    null,
  ],
])('drift: %s', (_, layers, reason, mend) => {
  expect(verdict(layers)).toEqual({ consistent: false, reason, mend });
});

test.each<[string, Partial<OptOutLayers>, string]>([
  ['Podium is away', { ...out, ...told, ...away('podium_unreachable') }, 'podium_unreachable'],
  ['Podium has a contact and does not give it yet', { ...noContact, ...awaited }, 'contact_not_readable_yet'],
  ['… of somebody who has opted out', { ...out, ...noContact, ...awaited }, 'contact_not_readable_yet'],
])('nobody can tell: %s', (_, layers, reason) => {
  expect(verdict(layers)).toEqual({ consistent: null, reason, mend: null });
});

test('what Podium was told in the last minute need not show there yet', () => {
  const toldAgo = (ms: number) => verdict({ ...out, mirror: { state: 'told', toldAt: ago(ms) } });
  expect(toldAgo(59_000)).toMatchObject({ reason: 'mirror_pending', mend: null });
  expect(toldAgo(61_000)).toMatchObject({ reason: 'opted_out_here_only', mend: 'tell_again' });
});
