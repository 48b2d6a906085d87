import { randomBytes } from 'node:crypto';
import type { Contract } from '../../core/events';
import { saveContact } from '../../store/contacts';
import { beginOptOutAudit, endOptOutAudit, phonesToAudit, skipLook } from '../../store/opt-out-audits';
import { settleMirror } from '../../store/opt-out-mirrors';
import { recordOptOut, type OptOutChange } from '../../store/opt-outs';
import { cli, cliEnvironment } from '../../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { JANE, JOHN, NORTHSIDE, testHash } from '../../test/support/received';
import { startSimulator } from '../../test/support/simulator';

let db: TestDatabase;
beforeAll(async () => (db = await createTestDatabase()));
afterAll(() => db.drop());
afterEach(() =>
  db.pool.query(
    `truncate opt_outs, opt_out_history, opt_out_mirrors, contacts, contact_locations, contact_history, podium_tokens,
       podium_pauses, podium_calls, opt_out_audits, phones_to_audit, opt_out_drifts`,
  ),
);

const AT = new Date('2026-07-23T10:00:00.700Z');
const record = (change: Partial<OptOutChange> = {}) =>
  recordOptOut(db.pool, {
    ...{ phone: JANE, phoneHash: testHash(JANE), wish: 'opt_out', source: 'text', actor: 'customer', at: AT },
    ...{ rule: null, locationUid: NORTHSIDE, messageUid: null, ...change },
  });
const notPermitted = { kind: 'not_permitted', code: 'unauthorized' } as const;

describe.each<Contract>(['published', 'skill'])('optout audit, in the %s contract', (contract) => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let environment: Record<string, string>;
  beforeEach(async () => {
    simulator = await startSimulator({ contract });
    const key = { id: 'k1', secret: randomBytes(32) };
    environment = { ...cliEnvironment(db.url, simulator.url, key), PODIUM_CONTRACT: contract };
  });
  afterEach(() => simulator.stop());

  const audit = async (phone = JANE, ...more: string[]) => {
    const { exitCode, out, err } = await cli(environment, ['optout', 'audit', '--phone', phone, ...more]);
    return { exitCode, report: out && JSON.parse(out), err };
  };
  const janeAtPodium = async ({ optedOut = false } = {}) => {
    const { contact_uid } = await simulator.addContact({ phone: JANE, location_uids: [NORTHSIDE] });
    if (optedOut) await simulator.setOptOut(JANE, true);
    return contact_uid;
  };

  it('exits 0 when all layers say the same, with what each says', async () => {
    const uid = await janeAtPodium({ optedOut: true });
    await record();
    const { exitCode, report } = await audit(JANE, '--json');
    expect({ exitCode, report }).toEqual({
      exitCode: 0,
      report: {
        phone: '…56',
        optout_store: {
          ...{ opted_out: true, source: 'text' },
          ...{ recorded_at: Date.UTC(2026, 6, 23, 10) / 1000, recorded_at_iso: AT.toISOString() },
        },
        podium_contact: { uid, opted_out: true, last_updated_iso: expect.any(String) },
        consistent: true,
        reason: 'agree',
      },
    });
    expect(Date.parse(report.podium_contact.last_updated_iso)).toBeGreaterThan(Date.now() - 60_000);
    expect(await audit(JANE, '--show-phones')).toMatchObject({ exitCode: 0, report: { phone: JANE } });
  });

  it('exits 0 for somebody of whom nobody knows anything', async () => {
    expect(await audit(JOHN)).toMatchObject({
      exitCode: 0,
      report: {
        optout_store: { opted_out: false, source: null, recorded_at: null, recorded_at_iso: null },
        podium_contact: { uid: null, opted_out: false, last_updated_iso: null },
        ...{ consistent: true, reason: 'no_contact' },
      },
    });
  });

  it('exits 1 for drift, and mends nothing', async () => {
    await janeAtPodium({ optedOut: true });
    expect(await audit()).toMatchObject({
      exitCode: 1,
      report: { consistent: false, reason: 'opted_out_at_podium_only', podium_contact: { opted_out: true } },
    });
    expect((await db.pool.query('select from opt_outs')).rowCount).toBe(0);
  });

  it('exits 1 where Podium is being told, or does not let us tell it', async () => {
    await janeAtPodium();
    const { historyId } = await record();
    expect(await audit()).toMatchObject({
      exitCode: 1,
      report: { consistent: false, reason: 'mirror_pending' },
    });
    await settleMirror(db.pool, historyId, notPermitted);
    expect(await audit()).toMatchObject({
      exitCode: 1,
      report: { consistent: false, reason: 'mirror_not_permitted' },
    });
  });

  it.each([
    [500, {}, 'podium_unreachable'],
    [429, { 'retry-after': '30' }, 'podium_throttled'],
    [403, {}, 'podium_no_access'],
    [400, {}, 'podium_unclear'],
  ])('exits 2 and cannot tell when Podium answers %i', async (status, headers, reason) => {
    await janeAtPodium();
    await record();
    await simulator.fault({ path: '/v4/contacts', status, headers });
    const { exitCode, report, err } = await audit();
    expect({ exitCode, report }).toMatchObject({
      exitCode: 2,
      report: {
        ...{ consistent: null, reason },
        optout_store: { opted_out: true, source: 'text' },
        podium_contact: { uid: null, opted_out: null, last_updated_iso: null },
      },
    });
    expect(err).toContain('find contact');
    expect(err).not.toContain(JANE);
  });

  it('exits 2 without access to Podium, and when Podium is away', async () => {
    await simulator.revokeAccess();
    expect(await audit()).toMatchObject({
      exitCode: 2,
      report: { consistent: null, reason: 'podium_no_access' },
    });
    await db.pool.query('truncate podium_tokens');
    environment['PODIUM_API_URL'] = environment['PODIUM_TOKEN_URL'] = 'http://127.0.0.1:1';
    expect(await audit()).toMatchObject({
      exitCode: 2,
      report: { consistent: null, reason: 'podium_unreachable' },
    });
  });

  it('exits 2 while the database is away', async () => {
    environment['DATABASE_URL'] = 'postgresql://nobody@127.0.0.1:1/nothing';
    const { exitCode, report, err } = await audit();
    expect({ exitCode, report }).toEqual({
      exitCode: 2,
      report: {
        phone: '…56',
        optout_store: { opted_out: null, source: null, recorded_at: null, recorded_at_iso: null },
        podium_contact: { uid: null, opted_out: null, last_updated_iso: null },
        ...{ consistent: null, reason: 'database_unreachable' },
      },
    });
    expect(err).toContain('ECONNREFUSED');
  });

  it('exits 2 for a contact that Podium does not give yet', async () => {
    await saveContact(db.pool, { phone: JANE, podiumUid: null, name: null, locationUid: NORTHSIDE });
    expect(await audit()).toMatchObject({
      exitCode: 2,
      report: {
        ...{ consistent: null, reason: 'contact_not_readable_yet' },
        podium_contact: { opted_out: null },
      },
    });
  });
});

describe('optout report', () => {
  const report = async (...more: string[]) => {
    const { exitCode, out } = await cli({ DATABASE_URL: db.url }, ['optout', 'report', ...more]);
    return { exitCode, out };
  };
  const json = async (...more: string[]) => {
    const { exitCode, out } = await report('--json', ...more);
    return { exitCode, ...JSON.parse(out) };
  };

  it('cannot tell before a first look has ended, nor while it could not ask about everyone', async () => {
    expect(await report()).toEqual({ exitCode: 2, out: 'No look at everyone has ended yet.\n' });
    await record();
    await beginOptOutAudit(db.pool);
    expect(await json()).toMatchObject({ exitCode: 2, last_run: null, under_way: { looked_at: 0 } });
    await skipLook(db.pool, (await phonesToAudit(db.pool, 1))[0]!);
    await endOptOutAudit(db.pool);
    expect(await json()).toMatchObject({
      exitCode: 2,
      last_run: { looked_at: 0, not_asked: 1 },
      under_way: null,
    });
  });

  it('is fine when the last look has found nothing', async () => {
    await beginOptOutAudit(db.pool);
    await endOptOutAudit(db.pool);
    expect(await json()).toMatchObject({ exitCode: 0, last_run: { drifted: {}, not_asked: 0 }, drifts: [] });
    expect((await report()).out).toContain('no drift');
  });

  it.each([
    ['is as old as two intervals may be', '47 hours', 0],
    ['is older than two intervals', '49 hours', 2],
  ])('tells nothing of the present by a look that %s', async (_, age, exitCode) => {
    await beginOptOutAudit(db.pool);
    await endOptOutAudit(db.pool);
    await db.pool.query(`update opt_out_audits set finished_at = now() - interval '${age}'`);
    expect(await json()).toMatchObject({ exitCode, outdated: exitCode === 2 });
    await db.pool.query(`insert into opt_out_drifts values ($1, 'mirror_refused', $2, $2, false)`, [
      JANE,
      AT,
    ]);
    expect((await report()).exitCode).toBe(exitCode === 2 ? 2 : 1);
    if (exitCode === 2) expect((await report()).out).toContain('too long ago');
  });

  it('names the phones that drift, masked unless they are wanted whole', async () => {
    await beginOptOutAudit(db.pool);
    await db.pool.query(`update opt_out_audits set drifted = '{"mirror_refused": 1}'`);
    await db.pool.query(`insert into opt_out_drifts values ($1, 'mirror_refused', $2, $2, false)`, [
      JANE,
      AT,
    ]);
    await endOptOutAudit(db.pool);
    const drift = {
      reason: 'mirror_refused',
      since: AT.toISOString(),
      seen_at: AT.toISOString(),
      told_again: false,
    };
    expect(await json()).toMatchObject({
      exitCode: 1,
      last_run: { looked_at: 1, agreed: 0, drifted: { mirror_refused: 1 }, mended: 0 },
      drifts: [{ phone: '…56', ...drift }],
    });
    expect(await json('--show-phones')).toMatchObject({ drifts: [{ phone: JANE, ...drift }] });
    const { exitCode, out } = await report();
    expect(exitCode).toBe(1);
    expect(out).toContain('…56  mirror_refused since 2026-07-23');
    expect(out).not.toContain(JANE);
  });
});
