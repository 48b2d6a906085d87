/** Whether everything is as it should be. */
import { z } from 'zod';
import { checkConfiguration } from '../config-check';
import { operation } from '../operation';

export const checkConfig = operation({
  name: 'config check',
  summary:
    'Looks at settings, secrets, keys, database, Temporal, Podium, stores and webhook; it mends nothing',
  input: z.strictObject({}),
  output: z.object({
    ok: z.boolean().nullable().describe('Null when nothing is wrong, and something could not be looked at'),
    checks: z.array(
      z.object({
        name: z.string(),
        ok: z.boolean().nullable(),
        message: z.string(),
        mend: z.string().nullable(),
      }),
    ),
  }),
  async run(tools) {
    const checks = await checkConfiguration(tools);
    const isWrong = checks.some(({ ok }) => ok === false);
    const isUnknown = checks.some(({ ok }) => ok === null);
    return { ok: isWrong ? false : isUnknown ? null : true, checks };
  },
});
