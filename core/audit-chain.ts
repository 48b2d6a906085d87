import type { AuditKey } from './audit-keys';
import { sealOf, type SealedRow } from './audit-seal';

/** Going through the chain of the audit's seals: whether it is whole, and if not, what is different where. */

/** The end of the chain as it once was, kept outside of the database. */
export interface AuditHead {
  number: number;
  /** In hex. */
  seal: string;
  /** When it was kept, in ISO form; null where nobody said. */
  exportedAt: string | null;
}

export type AuditProblemKind =
  /** The row is not what was sealed. */
  | 'changed'
  /** The row is what was sealed, and its seal is another one. */
  | 'seal_changed'
  /** It stands in the chain, which does without it. */
  | 'inserted'
  /** Rows are missing between others, or before all others. */
  | 'removed'
  /** No row is missing where numbers are. */
  | 'renumbered'
  /** It was sealed where it stands, and says that it is from another time. */
  | 'misdated'
  /** The chain ends before an end that was exported. */
  | 'cut_off'
  /** What was exported is not what stands there. */
  | 'not_as_exported'
  /** Rows have no seal, though they should have one by now. */
  | 'not_sealed';

export interface AuditProblem {
  kind: AuditProblemKind;
  /** Its place in the chain; null for a row that has none. */
  number: number | null;
  /** The row's; null for one that is not there. */
  id: number | null;
  /** The row's time, in ISO form; null where it is not known. */
  at: string | null;
  /** In words. */
  what: string;
}

/**
 * By how much a row's time may be off the times of the rows sealed before it. It is the beginning of a
 * transaction, and none of ours lasts for minutes.
 */
const TIME_TOLERANCE_MS = 10 * 60_000;

/** A seal on which the next row's may rest, and what it means for the rows in doubt when it does. */
interface Link {
  previous: Buffer | null;
  doubtful: 'changed' | 'seal_changed' | 'inserted';
}

const START: Link = { previous: null, doubtful: 'inserted' };

/** Takes the rows in the order of their numbers. Of a row that does not fit, the rows behind it tell what was done to it. */
export class ChainReader {
  readonly problems: AuditProblem[] = [];
  /** Keys that have sealed rows and are not known, with the number of the first such row. */
  readonly unknownKeys = new Map<string, number>();
  private readonly secrets: Map<string, Buffer>;
  private last: SealedRow | null = null;
  private latestMs = -Infinity;
  /** The last one that is beyond doubt. */
  private good = START;
  private links: Link[] = [START];
  private doubtful: SealedRow[] = [];

  constructor(
    keys: readonly AuditKey[],
    private readonly heads: readonly AuditHead[],
  ) {
    this.secrets = new Map(keys.map(({ id, secret }) => [id, secret]));
  }

  read(row: SealedRow): void {
    const secret = this.secrets.get(row.keyId);
    const link = secret && this.links.find(({ previous }) => sealOf(row, previous, secret).equals(row.seal));
    if (link || !secret || this.missingBefore(row) > 0) this.decide(link?.doubtful ?? 'changed');
    if (this.missingBefore(row) > 0) this.addMissing(row, link !== undefined);
    if (!secret) this.unknownKeys.set(row.keyId, this.unknownKeys.get(row.keyId) ?? row.number);
    if (link) this.checkTime(row);
    if (link || !secret || this.missingBefore(row) > 0) this.trust(row);
    else this.doubt(row, secret);
    this.compareWithHeads(row);
    this.last = row;
  }

  /** To be called behind the last row. */
  end(): void {
    this.decide('changed');
    const lastNumber = this.last?.number ?? 0;
    for (const { number, exportedAt } of this.heads.filter((head) => head.number > lastNumber))
      this.problems.push({
        ...{ kind: 'cut_off', number, id: null, at: exportedAt },
        what: `The chain had number ${number}${exportedAt ? ` at ${exportedAt}` : ''}, and ends at ${lastNumber} now.`,
      });
  }

  get lastNumber(): number {
    return this.last?.number ?? 0;
  }

  private missingBefore(row: SealedRow): number {
    return row.number - Math.max(this.lastNumber, 0) - 1;
  }

  private trust({ seal }: SealedRow): void {
    this.good = { previous: seal, doubtful: 'inserted' };
    this.links = [{ previous: seal, doubtful: 'changed' }];
  }

  /** The next row rests on the last good seal, or on this one's, or on the seal that this one should have. */
  private doubt(row: SealedRow, secret: Buffer): void {
    this.doubtful.push(row);
    this.links = [
      this.good,
      { previous: row.seal, doubtful: 'changed' },
      { previous: sealOf(row, this.last?.seal ?? null, secret), doubtful: 'seal_changed' },
    ];
  }

  private decide(kind: Link['doubtful']): void {
    const what = {
      changed: 'The row is not what was sealed.',
      seal_changed: 'The row is what was sealed; its seal was changed.',
      inserted: 'The row was put into the chain, which does without it.',
    };
    for (const row of this.doubtful) this.add(kind, row, what[kind]);
    this.doubtful = [];
  }

  private addMissing(row: SealedRow, fits: boolean): void {
    const [from, to] = [row.number - this.missingBefore(row), row.number - 1];
    const numbers = from === to ? `Number ${from} is` : `Numbers ${from} to ${to} are`;
    const between = this.last
      ? `between row ${this.last.id} of ${iso(this.last.at)} and row ${row.id} of ${iso(row.at)}`
      : `before row ${row.id} of ${iso(row.at)}`;
    if (fits) this.add('renumbered', row, `${numbers} left out, though no row is missing ${between}.`);
    else
      this.problems.push({
        ...{ kind: 'removed', number: from, id: null, at: this.last && iso(this.last.at) },
        what: `${numbers} missing, ${between}; whether row ${row.id} was changed cannot be told for want of them.`,
      });
  }

  private checkTime(row: SealedRow): void {
    const [at, sealedAt] = [Date.parse(`${row.at}Z`), Date.parse(`${row.sealedAt}Z`)];
    const early = !(at >= this.latestMs - TIME_TOLERANCE_MS);
    const late = !(at <= sealedAt + TIME_TOLERANCE_MS);
    const sealed = `It was sealed at ${iso(row.sealedAt)}`;
    if (late) this.add('misdated', row, `${sealed}, before the time that it gives.`);
    else if (early) this.add('misdated', row, `${sealed}, behind rows that are younger by far.`);
    else this.latestMs = Math.max(this.latestMs, at);
  }

  private compareWithHeads(row: SealedRow): void {
    for (const head of this.heads)
      if (head.number === row.number && head.seal !== row.seal.toString('hex'))
        this.add(
          'not_as_exported',
          row,
          `The seal is not the one of number ${head.number} that was exported${head.exportedAt ? ` at ${head.exportedAt}` : ''}.`,
        );
  }

  private add(kind: AuditProblemKind, { number, id, at }: SealedRow, what: string): void {
    this.problems.push({ kind, number, id, at: iso(at), what });
  }
}

/** Postgres's time at UTC. */
const iso = (at: string) => `${at}Z`;
