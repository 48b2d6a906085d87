/** What Temporal starts by itself: the names of the schedules, which are those of their workflows. */
export const SCHEDULES = [
  'retention',
  'optOutMirrorRetry',
  'optOutAudit',
  'webhookCheck',
  'reconciliation',
] as const;
