/** The audit: whether it is whole, and what it tells of a customer. */
import { z } from 'zod';
import { auditKeys } from '../../core/audit-keys';
import { showAudit as show, verifyAudit as verify } from '../audit';
import { e164, nullableTime, operation, phoneInput, time } from '../operation';
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

export const showAudit = operation({
  name: 'audit show',
  summary: 'In plain words and in order, why a customer did or did not get a message',
  input: z.strictObject({ phone: phoneInput }),
  output: z.object({
    phone: z.string(),
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
    const phone = e164(input.phone);
    const entries = await show(tools.pool, phone, await idKeysOf(tools));
    return {
      phone,
      entries: entries.map(({ at, locationUid, workflowId, ...entry }) => ({
        ...{ ...entry, at: at.toISOString(), location_uid: locationUid, workflow_id: workflowId },
      })),
    };
  },
});
