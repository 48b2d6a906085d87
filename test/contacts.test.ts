/** Contacts as Podium merges, deletes and renames them, and opt-outs as both sides make and undo them. */
import type { Contract } from '../core/events';
import { SESSION_QUEUE } from '../core/session';
import { showContact } from '../ops/contacts';
import type { OptOutReport } from '../ops/opt-outs';
import { NORTHSIDE, type SimulatedState } from './support/simulator';
import { startSystem, type System } from './support/system';

const JANE = '+61400123456';
const JOHN = '+61412345678';
const ANNE = '+14155550198';
const MARY = '+14155551234';
const PETE = '+14155550197';

describe.each<Contract>(['published', 'skill'])('with the %s contract', (contract) => {
  /** The skill documents know no other message than one of a chat. */
  const byCustomer = contract === 'skill' ? 'webchat' : 'text';
  let system: System;
  beforeAll(async () => {
    system = await startSystem({ contract });
  });
  afterAll(() => system?.stop());

  const says = (phone: string, body: string, webchat = true) =>
    system.simulator.customerWrites({ phone, location_uid: NORTHSIDE, body, webchat });
  const contactsOf = async (phone: string): Promise<SimulatedState['contacts']> =>
    (await system.simulator.state(phone)).contacts;
  const show = async (phone: string) => (await showContact(system.pool, phone))!;
  const isKnownAs = (phone: string, uid: string | null) =>
    system.eventually(`the mirror to point to ${uid}`, async () => (await show(phone))?.podium_uid === uid);
  const changesOf = async (phone: string) =>
    (await show(phone)).history.map(({ change, podium_uid, into_uid }) => ({ change, podium_uid, into_uid }));
  const optOut = (phone: string) => system.ops<OptOutReport>('optout check', { phone });
  const hasMirror = (phone: string, state: string) =>
    system.eventually(
      `Podium's state to be ${state}`,
      async () => (await optOut(phone)).podium?.state === state,
    );

  /** A customer in a chat, whose contact is in the mirror. */
  async function inChat(phone: string): Promise<string> {
    await says(phone, 'Can I book a test drive?');
    await system.hears(1, phone);
    const [contact] = await contactsOf(phone);
    await isKnownAs(phone, contact!.uid);
    return contact!.uid;
  }

  test('two merged contacts: the next send goes to the one that is left, the history shows both', async () => {
    const gone = await inChat(JANE);
    const path = contract === 'skill' ? '/messages$' : '^/v4/messages$';
    await system.simulator.fault({
      ...{ method: 'POST', path, times: 1, status: 429, headers: { 'retry-after': '10' } },
    });
    const calls = (await system.simulator.calls()).length;
    await says(JANE, '1');
    await system.eventually('a send to the one that goes', async () =>
      (await system.simulator.calls()).slice(calls).some(({ status }) => status === 429),
    );
    const twin = { phone: JANE, name: 'J. Citizen', location_uids: [NORTHSIDE] };
    const { contact_uid: left } = await system.simulator.addContact(twin);
    const conversations = (await system.simulator.state(JANE)).conversations.map(({ uid }) => uid);
    await system.simulator.mergeContacts(gone, left);

    const texts = await system.hears(2, JANE);
    expect(texts[1]).toContain('your name');
    await system.isQuiet();
    const { conversations: remaining } = await system.simulator.state(JANE);
    expect(remaining.map(({ uid }) => uid)).toEqual(conversations.slice(1)); // the texts are in the twin's
    await isKnownAs(JANE, left);
    expect(await changesOf(JANE)).toEqual(
      expect.arrayContaining([
        { change: 'linked', podium_uid: gone, into_uid: null },
        { change: 'merged', podium_uid: gone, into_uid: left },
        { change: 'linked', podium_uid: left, into_uid: null },
      ]),
    );
    expect(await show(JANE)).toMatchObject({ sessions: [{ location_uid: NORTHSIDE, status: 'active' }] });
  });

  test('an opt-out outlives the merge of its contact, at Podium too', async () => {
    await system.simulator.set({ opt_out_whitelisted: true });
    const gone = await inChat(JOHN);
    await says(JOHN, 'STOP', false);
    await hasMirror(JOHN, 'told');
    const { contact_uid: left } = await system.simulator.addContact({
      phone: JOHN,
      location_uids: [NORTHSIDE],
    });
    await system.simulator.mergeContacts(gone, left);
    await system.eventually('Podium to know of the one that is left', async () => {
      const [contact] = await contactsOf(JOHN);
      return contact!.uid === left && contact!.opted_out_at !== null;
    });
    expect(await optOut(JOHN)).toMatchObject({ opted_out: true, source: byCustomer });
  });

  test('what Podium does not permit is known, shown, in nobody’s way, and told once it is permitted', async () => {
    await system.simulator.set({ opt_out_whitelisted: contract === 'skill' });
    if (contract === 'skill') {
      const fault = { method: 'PATCH', path: '^/v4/contacts/', status: 403, body: { code: 'unauthorized' } };
      await system.simulator.fault(fault);
    }
    await inChat(ANNE);
    await says(ANNE, 'STOP', false);
    await hasMirror(ANNE, 'not_permitted');
    expect(await optOut(ANNE)).toMatchObject({
      opted_out: true,
      podium: { error_code: 'unauthorized', not_permitted_since: expect.any(String) },
    });
    const metrics = await (await fetch(`${system.serverUrls[0]}/metrics`)).text();
    expect(metrics).toContain('podium_webchat_opt_out_mirrors{state="not_permitted"} 1');

    await system.simulator.clearFaults();
    await system.simulator.set({ opt_out_whitelisted: true });
    await system.client.workflow.execute('optOutMirrorRetry', {
      taskQueue: SESSION_QUEUE,
      workflowId: 'a-beat',
    });
    await hasMirror(ANNE, 'told');
    expect(await contactsOf(ANNE)).toMatchObject([{ opted_out_at: expect.any(String) }]);
  });

  test('what Podium sets Podium may take back; a renamed contact undoes no STOP', async () => {
    await system.simulator.set({ opt_out_whitelisted: true });
    const [mary, pete] = [await inChat(MARY), await inChat(PETE)];
    const isOut = (phone: string, expected: boolean) =>
      system.eventually(`opted out: ${expected}`, async () => (await optOut(phone)).opted_out === expected);
    await system.simulator.setOptOut(MARY, true);
    await isOut(MARY, true);
    await system.simulator.changeContact(mary, { name: 'Mary' }); // carries the opt-out still
    await system.isQuiet();
    expect(await optOut(MARY)).toMatchObject({ opted_out: true, source: 'podium' });
    await system.simulator.setOptOut(MARY, false);
    await isOut(MARY, false);

    await says(PETE, 'STOP', false);
    await hasMirror(PETE, 'told');
    await system.simulator.setOptOut(PETE, false);
    await system.simulator.changeContact(pete, { name: 'Pete' });
    await system.isQuiet();
    expect(await optOut(PETE)).toMatchObject({ opted_out: true, source: byCustomer });
  });

  test('a contact that is deleted during a chat is made anew before the next reply', async () => {
    const phone = '+14155550194';
    const before = await inChat(phone);
    await system.simulator.deleteContact(before);
    await isKnownAs(phone, null);
    await says(phone, '1');
    await system.hears(2, phone);
    const [contact] = await contactsOf(phone);
    expect(contact!.uid).not.toBe(before);
    await isKnownAs(phone, contact!.uid);
  });

  test('a contact that Podium did not let the session have is made by a workflow of its own, and the reply waits for none of it', async () => {
    const phone = '+14155550193';
    await system.simulator.fault({
      ...{ method: 'POST', path: '^/v4/contacts$', asked: phone.slice(1) },
      ...{ times: 1, status: 403, body: { code: 'unauthorized' } },
    });
    await says(phone, 'Can I book a test drive?');
    await system.hears(1, phone);
    const [contact] = await system.eventually('the contact', async () => {
      const made = await contactsOf(phone);
      return made.length > 0 && made;
    });
    expect(contact).toMatchObject({ phone, location_uids: [NORTHSIDE] });
    await isKnownAs(phone, contact!.uid);
  });

  test('a deleted contact is made anew by the next session, and its history stays', async () => {
    const phone = '+14155550196';
    const before = await inChat(phone);
    await system.client.workflow
      .getHandle(system.workflowId(phone))
      .signal('forceClose', { actor: 'ann', reason: 'a test' });
    await system.isQuiet();
    await system.simulator.deleteContact(before);
    await isKnownAs(phone, null);
    await says(phone, 'Hello again');
    await system.hears(2, phone);
    await system.isQuiet();
    const [contact] = await contactsOf(phone);
    expect(contact!.uid).not.toBe(before);
    await isKnownAs(phone, contact!.uid);
    expect(await changesOf(phone)).toContainEqual({ change: 'deleted', podium_uid: before, into_uid: null });
  });

  if (contract === 'published')
    test('no reply waits for a contact that was accepted and cannot be read yet', async () => {
      const phone = '+14155550195';
      await system.simulator.set({ contact_delay_ms: 5_000 });
      await says(phone, 'Hi');
      await system.hears(1, phone);
      const calls = (await system.simulator.calls()).filter(
        ({ path, body }) =>
          path.endsWith('14155550195') || (body as { phoneNumber?: string })?.phoneNumber === phone,
      );
      const { n: sent } = (await system.simulator.calls()).findLast(({ path }) => path === '/v4/messages')!;
      const before = calls.filter(({ n }) => n < sent).map(({ method, status }) => `${method} ${status}`);
      expect(before).toEqual(['GET 404', 'POST 202']);
      await isKnownAs(phone, (await contactsOf(phone))[0]!.uid); // by an event, or by a later reading
    });
});
