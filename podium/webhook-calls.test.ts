import { smallPodium } from '../test/support/small-podium';
import { json } from '../test/support/small-server';
import { secretFingerprint } from '../core/webhook-secrets';

const LOCATION = '9e000000-0000-4000-8000-000000000001';
const ORGANIZATION = '1f000000-0000-4000-8000-000000000001';
const NEW = {
  url: 'https://handler.example.com/webhooks/podium',
  eventTypes: ['message.received'],
  secret: 'rehearsal',
};
const webhook = {
  ...NEW,
  uid: 'w1',
  locationUid: null,
  organizationUid: ORGANIZATION,
  disabled: false,
  createdAt: '2026-07-01T10:00:00Z',
  updatedAt: '2026-07-23T10:00:00Z',
};

const { podiumThat, podiumAnswering, asked, close } = smallPodium('published');

describe('webhooks', () => {
  it('are listed with what is known of them, and with fingerprints in place of secrets', async () => {
    const podium = await podiumAnswering({
      data: [webhook, { uid: 'w2', url: null, eventTypes: null, disabled: true }, { uid: null }],
    });
    expect(await podium.listWebhooks()).toEqual([
      {
        uid: 'w1',
        url: NEW.url,
        eventTypes: ['message.received'],
        locationUid: null,
        organizationUid: ORGANIZATION,
        disabled: false,
        secretFingerprint: secretFingerprint('rehearsal'),
        createdAt: new Date('2026-07-01T10:00:00Z'),
        updatedAt: new Date('2026-07-23T10:00:00Z'),
      },
      {
        ...{ uid: 'w2', url: null, eventTypes: [], locationUid: null, organizationUid: null },
        ...{ disabled: true, secretFingerprint: null, createdAt: null, updatedAt: null },
      },
    ]);
    expect(asked()).toEqual([['GET', '/v4/webhooks']]);
  });

  it('are read on, should they come in pages', async () => {
    const podium = await podiumThat(({ url }, response) =>
      url.includes('cursor=two')
        ? json(response, 200, { data: [{ uid: 'w2' }] })
        : json(response, 200, { data: [{ uid: 'w1' }], metadata: { nextCursor: 'two' } }),
    );
    expect((await podium.listWebhooks()).map(({ uid }) => uid)).toEqual(['w1', 'w2']);
  });

  it.each([{ locationUid: LOCATION }, { organizationUid: ORGANIZATION }])(
    'are made for a location or an organization: %j',
    async (owner) => {
      const podium = await podiumAnswering({ data: { ...webhook, locationUid: null, ...owner } });
      expect(await podium.createWebhook({ ...NEW, ...owner })).toMatchObject({ uid: 'w1', ...owner });
      expect(asked()).toEqual([['POST', '/v4/webhooks', { ...NEW, ...owner }]]);
    },
  );

  it('that may have been made are not reported as made when their uid is not told', async () => {
    const podium = await podiumAnswering({ data: { ...webhook, uid: null } });
    await expect(podium.createWebhook({ ...NEW, locationUid: LOCATION })).rejects.toMatchObject({
      kind: 'invalid',
      details: { mayHaveHappened: true },
    });
  });

  it('are not permitted without the scope of their event types', async () => {
    const podium = await podiumAnswering({ code: 'unauthorized' }, 403);
    await expect(podium.createWebhook({ ...NEW, locationUid: LOCATION })).rejects.toMatchObject({
      kind: 'not_permitted',
    });
  });

  it('are changed in what is named and in nothing else', async () => {
    const podium = await podiumAnswering({ data: { ...webhook, uid: null } });
    expect(await podium.updateWebhook('w1', { disabled: false })).toMatchObject({ uid: 'w1' });
    await podium.updateWebhook('w1', NEW);
    expect(asked()).toEqual([
      ['PUT', '/v4/webhooks/w1', { disabled: false }],
      ['PUT', '/v4/webhooks/w1', NEW],
    ]);
  });

  it('are deleted, and a deletion of unknown outcome is known as such', async () => {
    const podium = await podiumThat((_, response) => response.writeHead(204).end());
    await podium.deleteWebhook('w 1');
    expect(asked()).toEqual([['DELETE', '/v4/webhooks/w%201']]);
    await close();
    const away = await podiumThat((_, response) => response.socket!.destroy());
    await expect(away.deleteWebhook('w1')).rejects.toMatchObject({ details: { mayHaveHappened: true } });
  });
});
