/** Everything that is held of a person, as one document. */
import { phoneHashesOf } from '../core/ids';
import { readHeld, type Person } from '../store/personal-data';
import { checkOptOut, type OptOutReport } from './opt-outs';
import { listFiles, type FileReport, type FileTools } from './files';

export interface PersonExport {
  exported_at: string;
  phone: string;
  opt_out: OptOutReport;
  /** With fresh links to those that are kept. */
  files: FileReport[];
  /** Rows by table, as they stand; of the audit those of this phone. */
  tables: Record<string, object[]>;
}

/** @param idKeys the audit may name the phone by any of them */
export async function exportPerson(
  tools: FileTools,
  person: Person,
  idKeys: readonly string[],
): Promise<PersonExport> {
  const { pool } = tools;
  const { phone } = person;
  const tables = await readHeld(pool, person, phoneHashesOf(phone, idKeys));
  return {
    exported_at: new Date().toISOString(),
    phone,
    opt_out: await checkOptOut(pool, phone),
    files: await listFiles(tools, phone, null),
    tables,
  };
}
