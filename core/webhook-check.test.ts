import { checkWebhooks, summaryOf, type WebhookFinding, type WebhookSituation } from './webhook-check';
import type { LiveSecret } from './webhook-secrets';
import { ownerOf, WANTED_EVENT_TYPES, type WebhookAtPodium } from './webhooks';

const OURS = 'https://webchat.example.com';
const NOW = new Date('2026-07-23T10:00:00Z');
const NORTH = { uid: 'north', name: 'Northside', archived: false, organizationUid: 'org' };
const BAY = { uid: 'bay', name: 'Bayview', archived: false, organizationUid: 'org' };
const OLD_STORE = { uid: 'old', name: 'Old Town', archived: true, organizationUid: 'org' };

/** One for the organization, as it should be. */
const webhook = (change: Partial<WebhookAtPodium> = {}): WebhookAtPodium => ({
  ...{ uid: 'w1', url: `${OURS}/webhooks/podium`, eventTypes: WANTED_EVENT_TYPES, secretFingerprint: null },
  ...{ locationUid: null, organizationUid: 'org', disabled: false },
  ...change,
});
const ofLocation = (locationUid: string, change: Partial<WebhookAtPodium> = {}) =>
  webhook({ uid: `of-${locationUid}`, locationUid, organizationUid: null, ...change });

const days = (count: number) => new Date(NOW.getTime() - count * 86_400_000);
const liveSecret = (change: Partial<LiveSecret> = {}): LiveSecret => ({
  ...{ fingerprint: 'f1', place: 1, servers: 1, firstSeenAt: days(30), lastUsedAt: days(0) },
  ...change,
});

function check(change: Partial<WebhookSituation> = {}): WebhookFinding[] {
  const situation: WebhookSituation = {
    ...{ webhooks: [webhook()], stores: [NORTH, BAY, OLD_STORE], secrets: [liveSecret()], runningServers: 1 },
    scopes: ['read_messages', 'write_messages', 'read_contacts'],
    ...change,
  };
  return checkWebhooks(situation, { publicUrl: OURS, secretMaxAgeDays: 90 }, NOW);
}
const briefly = (findings: WebhookFinding[]) =>
  findings.map(({ code, severity, value }) => [severity, code, value]);

it('finds nothing wrong with one webhook for the organization that has all it should', () => {
  expect(check()).toEqual([]);
  expect(summaryOf(check())).toBeNull();
});

it.each([
  ['the other path', `${OURS}/podium/webchat`],
  ['a slash at the end', `${OURS}/webhooks/podium/`],
  ['capitals in the host, and the port', 'https://WEBCHAT.example.com:443/webhooks/podium'],
  ['a query', `${OURS}/webhooks/podium?store=1`],
])('knows a webhook of ours by its address: %s', (_, url) => {
  expect(ownerOf({ url }, OURS)).toBe('us');
});

it("is not concerned with others' webhooks", () => {
  const foreign = webhook({
    uid: 'crm',
    url: 'https://crm.example.com/hook',
    disabled: true,
    eventTypes: [],
  });
  expect(check({ webhooks: [webhook(), foreign, webhook({ url: null })] })).toEqual([]);
});

it('misses a webhook when none is ours, and names the organization to register one for', () => {
  const [finding, ...others] = check({ webhooks: [] });
  expect(finding).toMatchObject({
    ...{ code: 'missing', severity: 'problem', value: `${OURS}/webhooks/podium` },
    mend: 'podium-webchat webhook register --organization org',
  });
  expect(others).toEqual([]);
});

it('can know none as ours where nobody said what our address is', () => {
  const situation = { webhooks: [], stores: [NORTH], scopes: [], secrets: [], runningServers: 0 };
  const findings = checkWebhooks(situation, { publicUrl: null, secretMaxAgeDays: 90 }, NOW);
  expect(findings.map(({ code }) => code)).toEqual(['public_url_missing']);
});

it('finds a webhook disabled, and tells how long its events last', () => {
  const [finding] = check({ webhooks: [webhook({ disabled: true })] });
  expect(finding).toMatchObject({ code: 'disabled', mend: 'podium-webchat webhook enable w1' });
  expect(finding!.message).toContain('ten days');
});

it.each([
  ['an old host', 'https://old.example.com/webhooks/podium'],
  ['an old path', `${OURS}/hooks`],
  ['plain http', 'http://webchat.example.com/webhooks/podium'],
])('finds a webhook of ours at %s, whose stores nothing covers', (_, url) => {
  const findings = check({ webhooks: [webhook({ url })] });
  expect(briefly(findings)).toEqual([
    ['problem', 'missing', `${OURS}/webhooks/podium`],
    ['remark', 'other_url', 'w1'],
  ]);
  expect(findings[1]!.mend).toContain('if that was this one: podium-webchat webhook update w1 --take-over');
});

it('only remarks upon one elsewhere: it may be that of another deployment', () => {
  const elsewhere = webhook({ uid: 'staging', url: 'https://staging.example.com/webhooks/podium' });
  expect(briefly(check({ webhooks: [webhook(), elsewhere] }))).toEqual([['remark', 'other_url', 'staging']]);
});

it('names the event types that are not delivered', () => {
  const eventTypes = WANTED_EVENT_TYPES.filter((type) => !/failed|merged/.test(type));
  expect(briefly(check({ webhooks: [webhook({ eventTypes })] }))).toEqual([
    ['problem', 'event_types_missing', 'message.failed, contact.merged'],
  ]);
});

it('names the scopes that were not granted', () => {
  const [finding] = check({ scopes: ['read_messages'] });
  expect(finding).toMatchObject({ code: 'scopes_missing', value: 'read_contacts' });
});

it('names each store that no webhook covers; an archived one need not be', () => {
  const findings = check({ webhooks: [ofLocation('north')], stores: [NORTH, BAY, OLD_STORE] });
  expect(briefly(findings)).toEqual([['problem', 'store_uncovered', 'bay']]);
  expect(findings[0]!.mend).toBe('podium-webchat webhook register --location bay');
  const elsewhere = webhook({ organizationUid: 'another' });
  expect(briefly(check({ webhooks: [elsewhere] }))).toHaveLength(2);
});

it('remarks upon a store that two webhooks cover: each event counts once', () => {
  expect(briefly(check({ webhooks: [webhook(), ofLocation('north')] }))).toEqual([
    ['remark', 'covered_twice', 'of-north'],
  ]);
  expect(check({ webhooks: [ofLocation('north'), ofLocation('bay')] })).toEqual([]);
});

it('only remarks upon a fault where another webhook serves the same stores', () => {
  const broken = ofLocation('north', { disabled: true });
  expect(briefly(check({ webhooks: [webhook(), broken] }))).toEqual([['remark', 'disabled', 'of-north']]);
  const both = [webhook({ disabled: true }), ofLocation('north')];
  expect(briefly(check({ webhooks: both }))).toEqual([['problem', 'disabled', 'w1']]);
  const none = [webhook({ disabled: true }), ofLocation('north', { eventTypes: [] })];
  expect(check({ webhooks: none }).map(({ severity }) => severity)).toEqual(['problem', 'problem']);
});

it('tells the codes of what is wrong in few words, and leaves remarks out', () => {
  const stores = [NORTH, BAY, { ...BAY, uid: 'third' }];
  const webhooks = [ofLocation('north', { disabled: true }), ofLocation('north', { uid: 'again' })];
  expect(summaryOf(check({ webhooks, stores }))).toBe('store_uncovered (2)');
});

describe('of the secrets', () => {
  const [newer, older] = [
    liveSecret({ fingerprint: 'new', firstSeenAt: days(2), lastUsedAt: null }),
    liveSecret({ fingerprint: 'old', place: 2, firstSeenAt: days(50), lastUsedAt: days(1) }),
  ];
  const codes = (secrets: LiveSecret[], runningServers = 1) =>
    check({ secrets, runningServers }).map(({ severity, code }) => `${severity} ${code}`);

  it('one that is older than allowed is found', () => {
    expect(codes([liveSecret({ firstSeenAt: days(89) })])).toEqual([]);
    const [finding] = check({ secrets: [liveSecret({ firstSeenAt: days(91) })] });
    expect(finding).toMatchObject({ code: 'secret_too_old', severity: 'problem', value: 'f1' });
    expect(finding!.message).toContain('91 days');
  });

  it('the one in use counts, not a new one that Podium does not have yet', () => {
    expect(codes([newer, { ...older, firstSeenAt: days(91) }])).toEqual([
      'problem secret_too_old',
      'remark secret_not_newest',
    ]);
    expect(
      codes([
        { ...newer, lastUsedAt: days(0) },
        { ...older, firstSeenAt: days(91) },
      ]),
    ).toEqual(['remark old_secret']);
  });

  it('a new one that Podium was not given is remarked upon, with the command for it', () => {
    expect(check({ secrets: [newer, older] })).toMatchObject([
      { code: 'secret_not_newest', value: 'new', mend: 'podium-webchat webhook update' },
    ]);
  });

  it('an old one may go once nothing that it signed can be on its way: ten days after its last use', () => {
    const oldOne = (lastUsedAt: Date | null) =>
      check({
        secrets: [
          { ...newer, firstSeenAt: days(12), lastUsedAt: days(0) },
          { ...older, lastUsedAt },
        ],
      })[0]!;
    expect(oldOne(days(3))).toMatchObject({ code: 'old_secret', mend: null });
    expect(oldOne(days(3)).message).toBe(
      'The secret at place 2 was last used 3 days ago; what it signed may come for 10 days, so leave it in place until 2026-07-31.',
    );
    expect(oldOne(days(11)).mend).toContain('take it out');
    expect(oldOne(null).mend).toContain('take it out');
  });

  it('one that a running server does not take is a problem as soon as Podium signs with it', () => {
    expect(codes([{ ...newer, servers: 1 }, older], 2)).toContain('remark secret_not_everywhere');
    expect(codes([{ ...newer, lastUsedAt: days(0) }, older], 2)).toContain('problem secret_not_everywhere');
  });

  it('of two servers with different ones at the first place, the later one is the newest', () => {
    const first = { ...older, place: 1, servers: 1 };
    expect(codes([first, newer], 2)).toEqual(['remark secret_not_everywhere', 'remark secret_not_newest']);
  });

  it('one that Podium tells is compared: with none of ours, all events are refused', () => {
    expect(check({ webhooks: [webhook({ secretFingerprint: 'f1' })] })).toEqual([]);
    expect(briefly(check({ webhooks: [webhook({ secretFingerprint: 'f2' })] }))).toEqual([
      ['problem', 'secret_unknown', 'w1'],
    ]);
  });

  it('none can be compared while no server runs, and nothing is received: a problem', () => {
    expect(codes([], 0)).toEqual(['problem no_server_runs']);
  });
});
