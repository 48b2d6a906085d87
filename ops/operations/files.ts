/** Files of customers, and for them. */
import { z } from 'zod';
import { fileSendReport } from '../file-sends';
import { listFiles as list, type FileLinks } from '../files';
import { customerMeant } from '../customer-meant';
import {
  failureOutput,
  nullableTime,
  operation,
  OperationRefused,
  phoneAtStoreInput,
  storeInput,
  time,
  type OpsTools,
} from '../operation';

export const fileReport = z.object({
  id: z.string(),
  message_uid: z.string().nullable(),
  status: z.string(),
  error_code: z.string().nullable(),
  name: z.string().nullable(),
  content_type: z.string().nullable(),
  size_bytes: z.int().nullable(),
  sha256: z.string().nullable(),
  received_at: time,
  settled_at: nullableTime,
  deleted_at: nullableTime,
  link: z.string().nullable().describe('Of a kept file: good for whoever has it, until it expires'),
  link_expires_at: nullableTime,
});

export const listFiles = operation({
  name: 'files list',
  summary: 'The files of a customer, with fresh links to those that are kept',
  input: z.strictObject({ phone: phoneAtStoreInput, location_uid: storeInput.optional() }),
  output: z.object({ files: z.array(fileReport) }),
  async run(tools, input) {
    const { phone, locationUid } = await customerMeant(tools, input);
    return { files: await list({ pool: tools.pool, links: fileLinks(tools) }, phone, locationUid) };
  },
});

export const fileSend = z.object({
  id: z.string(),
  status: z.enum(['queued', 'intent', 'sent', 'failed', 'blocked', 'refused', 'not_sent']),
  error: failureOutput.nullable(),
  attempts: z.int(),
  file_uid: z.string(),
  size_bytes: z.int(),
  sha256: z.string(),
  actor: z.string(),
  created_at: time,
  settled_at: nullableTime,
});

export const showFileSend = operation({
  name: 'files sent',
  summary: 'What became of a file that was to be sent to a customer',
  input: z.strictObject({ id: z.uuid() }),
  output: fileSend,
  async run({ pool }, { id }) {
    const report = await fileSendReport(pool, id);
    if (report) return report;
    throw new OperationRefused('unknown', {
      code: 'ERR_OPS_NO_SEND',
      message: 'No file with this id was ever asked to be sent.',
      hint: 'Check the id that "files send" was answered with.',
    });
  },
});

/** What links to files are made of. */
export function fileLinks(tools: OpsTools): FileLinks {
  const { encryptionKeys, publicUrl } = tools.environment('encryptionKeys', 'publicUrl');
  return { publicUrl, encryptionKeys, seconds: tools.settings.attachments.link_seconds };
}
