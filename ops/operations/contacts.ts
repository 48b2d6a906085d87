/** Contacts: who a phone belongs to, what is held of them, and its end. */
import { z } from 'zod';
import { phoneHash } from '../../core/ids';
import { writeAct } from '../../store/audit';
import { showContact as show } from '../contacts';
import { erasePerson, previewErasure } from '../erasure';
import { exportPerson } from '../export';
import { fileLinks, fileReport } from './files';
import { nullableTime, operation, OperationRefused, personOf, phoneInput, time } from '../operation';
import { idKeysOf } from '../used-keys';
import { optOutReport } from './opt-outs';

const ofPhone = z.strictObject({ phone: phoneInput });
const counts = z.record(z.string(), z.int());

export const showContact = operation({
  name: 'contacts show',
  summary: 'A contact: its names, what became of it, its sessions and its opt-out',
  input: ofPhone,
  output: z.object({
    phone: z.string(),
    name: z.string().nullable(),
    podium_uid: z.string().nullable(),
    stores: z.array(
      z.object({ location_uid: z.string(), name: z.string().nullable(), gone_at: nullableTime }),
    ),
    history: z.array(
      z.object({
        change: z.enum(['linked', 'renamed', 'merged', 'deleted', 'phone_removed']),
        podium_uid: z.string().nullable(),
        into_uid: z.string().nullable(),
        name: z.string().nullable(),
        location_uid: z.string().nullable(),
        at: time,
      }),
    ),
    sessions: z.array(
      z.object({
        location_uid: z.string(),
        status: z.string(),
        last_message_at: nullableTime,
        workflow_id: z.string(),
      }),
    ),
    opt_out: optOutReport,
  }),
  async run({ pool }, input) {
    const { phone } = personOf(input.phone);
    const report = await show(pool, phone);
    if (report) return { phone, ...report };
    throw new OperationRefused('unknown', {
      code: 'ERR_OPS_UNKNOWN_PHONE',
      message: 'This phone is not known.',
      hint: 'Nobody has written to us from it, or everything of it was erased or deleted by its age.',
    });
  },
});

export const exportContact = operation({
  name: 'contacts export',
  summary: 'Everything that is held of a customer',
  input: ofPhone,
  output: z.object({
    exported_at: time,
    phone: z.string(),
    opt_out: optOutReport,
    files: z.array(fileReport),
    tables: z.record(z.string(), z.array(z.looseObject({}))).describe('Rows by table, as they stand'),
  }),
  async run(tools, { phone }, { actor }) {
    const { pool } = tools;
    const [person, links, idKeys] = [personOf(phone), fileLinks(tools), await idKeysOf(tools)];
    const held = await exportPerson({ pool, links }, person, idKeys);
    const hash = phoneHash(person.phone, idKeys[0]);
    await writeAct(pool, { kind: 'person_exported', actor, phoneHash: hash }); // before anybody has it
    return held as never;
  },
});

export const eraseContact = operation({
  name: 'contacts erase',
  summary:
    'Deletes everything that is held of a customer; who is opted out stays so. Without "yes", tells what would go',
  input: ofPhone.extend({ yes: z.boolean().default(false).describe('Do it: it cannot be undone') }),
  output: z.object({
    preview: z
      .object({
        held: counts.describe('Rows by table'),
        nothing: z.boolean().describe('Whether there is nothing to erase'),
        suppressed: z.boolean(),
        unfinished_since: nullableTime,
      })
      .nullable()
      .describe('What would go; null once it is done'),
    receipt: z
      .object({
        id: z.string(),
        at: time,
        finished_at: time,
        actor: z.string(),
        suppressed: z.boolean(),
        counts,
        at_podium: z.string(),
      })
      .nullable(),
  }),
  async run(tools, { phone, yes }, { actor, tell }) {
    const who = personOf(phone);
    tools.environment('idKeys', 'encryptionKeys'); // all that is missing at once
    const idKeys = await idKeysOf(tools);
    const preview = await previewErasure(tools.pool, who);
    if (preview.nothing || !yes) return { preview, receipt: null };
    const { pool, temporal: client } = tools;
    const files = await tools.openFiles();
    return { preview: null, receipt: await erasePerson({ pool, client, files, idKeys }, who, actor, tell) };
  },
});
