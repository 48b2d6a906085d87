/** Our access to Podium. */
import { z } from 'zod';
import { SCOPES } from '../../podium/authorization';
import { reportAccess } from '../access';
import { nullableTime, operation, time } from '../operation';

const scopes = z.array(z.enum(SCOPES));

export const showAccess = operation({
  name: 'auth status',
  summary: 'Whether Podium accepts our credentials, how old they are, and which scopes are missing',
  input: z.strictObject({}),
  output: z.object({
    works: z.boolean().nullable().describe('Null when Podium could not be asked'),
    reason: z.string().nullable(),
    refused_since: nullableTime,
    refresh_token: z.object({
      source: z.enum(['database', 'environment']),
      since: nullableTime,
      age_seconds: z.int().nullable(),
    }),
    access_token: z.object({ expires_at: time, expires_in_seconds: z.int() }).nullable(),
    scopes: z.object({ granted: scopes, missing: scopes, unknown: scopes }),
    contract: z.enum(['published', 'skill']),
  }),
  async run(tools) {
    const { podium, pool, settings } = tools;
    const contract = tools.environment('podiumContract').podiumContract ?? settings.podium.contract;
    return { ...(await reportAccess(pool, podium)), contract };
  },
});
