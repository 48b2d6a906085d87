import type { Readings } from '../../server/metrics';

/** For metrics of which nobody looks at those that are read from the database. */
export const noReadings: Readings = {
  backlog: async () => ({ pending: 0, oldestSeconds: 0 }),
  pauses: async () => [],
  files: async () => [],
  mirrors: async () => new Map(),
  figures: async () => ({
    sessions: { active: 0, warned: 0 },
    quarantined: [],
    unsettledSends: { unknown: 0, notSent: 0 },
    standingStill: 0,
    textsAfterOptOut: 0,
    optOutsWithoutPhone: 0,
  }),
};
