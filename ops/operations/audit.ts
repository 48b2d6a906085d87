/** The audit: whether it is whole, and what it tells of a customer. */
import { z } from 'zod';
import { auditKeys } from '../../core/audit-keys';
import { phoneHashesOf } from '../../core/ids';
import { AUDIT_KINDS } from '../../store/audit';
import { searchAudit, verifyAudit as verify } from '../audit';
import { customerIfMeant } from '../customer-meant';
import { nullableTime, operation, phoneAtStoreInput, storeInput, time } from '../operation';
import { idKeysOf } from '../used-keys';

const HEAD = /^(\d{1,15}):([0-9a-f]{64})$/i;

export const verifyAudit = operation({
  name: 'audit verify',
  summary: 'Whether rows of the audit were changed, removed, put in between or cut off',
  input: z.strictObject({
    head: z
      .string()
      .regex(HEAD, 'should be the number and the seal, 64 hexadecimal digits, with a colon between')
      .optional()
      .describe('An end of the chain that was kept elsewhere, as in the log: number:seal'),
  }),
  output: z.object({
    ok: z.boolean().nullable().describe('Null when nothing was found, and something could not be told'),
    sealed: z.int(),
    unsealed: z.int(),
    head: z.object({ number: z.int(), seal: z.string(), exported_at: z.string().nullable() }).nullable(),
    problems: z.array(
      z.object({
        kind: z.string(),
        number: z.int().nullable(),
        id: z.int().nullable(),
        at: nullableTime,
        what: z.string(),
      }),
    ),
    unknown: z.array(z.string()).describe('What could not be told, in sentences'),
  }),
  async run(tools, { head }) {
    const environment = tools.environment('auditKeys', 'idKeys');
    const keys = auditKeys(environment.auditKeys, environment.idKeys);
    const openFiles = () => tools.openFiles();
    const [, number, seal] = (head && HEAD.exec(head)) || [];
    const given =
      number && seal ? { number: Number(number), seal: seal.toLowerCase(), exportedAt: null } : null;
    const { head: exported, ...found } = await verify({ pool: tools.pool, keys, openFiles }, given);
    return {
      ...found,
      head: exported && { number: exported.number, seal: exported.seal, exported_at: exported.exportedAt },
    };
  },
});

/** Without a phone, where nobody says how many. */
const SHOWN = 200;

export const showAudit = operation({
  name: 'audit show',
  summary:
    'In plain words and in order, why a customer did or did not get a message; without a phone, what operators and others have done',
  input: z.strictObject({
    phone: phoneAtStoreInput.optional(),
    location_uid: storeInput.optional(),
    kind: z.enum(AUDIT_KINDS).optional().describe('Only entries of this kind, as robot_paused'),
    actor: z.string().trim().min(1).max(200).optional().describe('Only what this one has done or declared'),
    since: time.optional().describe('Only what was written since'),
    limit: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe(`The latest so many; if left out, all of a phone, or else ${SHOWN}`),
  }),
  output: z.object({
    phone: z.string().nullable(),
    more: z.boolean().describe('Whether there are older ones'),
    entries: z.array(
      z.object({
        id: z.int(),
        at: time,
        kind: z.string(),
        location_uid: z.string().nullable(),
        location: z.string().nullable().describe("The store's name"),
        workflow_id: z.string().nullable(),
        details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
        words: z.string(),
      }),
    ),
  }),
  async run(tools, input) {
    const { kind = null, actor = null, since } = input;
    const { phone, locationUid } = await customerIfMeant(tools, input);
    const phoneHashes = phone === null ? null : phoneHashesOf(phone, await idKeysOf(tools));
    const limit = input.limit ?? (phone === null ? SHOWN : null);
    const found = await searchAudit(tools.pool, {
      ...{ phoneHashes, locationUid, kind, actor },
      ...{ since: since === undefined ? null : new Date(since), limit: limit === null ? null : limit + 1 },
    });
    const more = limit !== null && found.length > limit;
    return {
      ...{ phone, more },
      entries: (more ? found.slice(1) : found).map(({ at, locationUid, workflowId, ...entry }) => ({
        ...{ ...entry, at: at.toISOString(), location_uid: locationUid, workflow_id: workflowId },
      })),
    };
  },
});
