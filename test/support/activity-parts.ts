/** What activities need, for tests that run one attempt of one. */
import type { PodiumDependencies } from '../../activities/podium-activities';
import type { PodiumLocation } from '../../podium/api';
import type { Pool } from '../../store/database';
import { recordOptOut } from '../../store/opt-outs';
import type { FakePodium } from './fake-podium';
import { noFiles } from './no-files';
import { BAYVIEW, JANE, NORTHSIDE, testHash } from './received';

export function podiumDependencies(pool: Pool, podium: FakePodium, files = noFiles): PodiumDependencies {
  return {
    pool,
    podium,
    files,
    phoneHash: testHash,
    senderName: 'Robot',
    heldBySettings: () => null,
    conflictRefetchMaxAttempts: 3,
  };
}

/** One store that is served, and one that is archived. */
export const STORES: PodiumLocation[] = [
  { uid: NORTHSIDE, name: 'Northside', country: 'AU', archived: false, organizationUid: null },
  { uid: BAYVIEW, name: 'Bayview', country: 'US', archived: true, organizationUid: null },
];

/** Jane texts STOP. */
export const janeOptsOut = (pool: Pool) =>
  recordOptOut(pool, {
    ...{ phone: JANE, phoneHash: testHash(JANE), wish: 'opt_out', source: 'text', actor: 'customer' },
    ...{ rule: 'keyword', locationUid: null, messageUid: null, at: new Date() },
  });
