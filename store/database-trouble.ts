/** What an error of Postgres means to whoever waits for its answer. */
import { DatabaseError } from 'pg';
import { LockNotFree } from './database';

/** `away`: it may answer later. `refused`: it does not let us in as we are configured. */
export type DatabaseTrouble = 'away' | 'refused';

/** Connections (08), no more room (53), shut down, starting up or too slow (57). */
const AWAY = /^(08|53|57)/;
/** Who we say we are (28), and which database we want (3D). */
const REFUSED = /^(28|3D)/;

/** The driver's own errors have no code: Postgres hangs, or has gone without a word. */
const DRIVER =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client (has encountered a connection error|was closed) and is not queryable)/;

/** Null for what is no trouble with Postgres as a whole, as a wrong statement; sockets have errors of their own. */
export function databaseTrouble(error: unknown): DatabaseTrouble | null {
  if (error instanceof LockNotFree) return 'away';
  if (error instanceof DatabaseError) {
    const { code = '' } = error;
    return REFUSED.test(code) ? 'refused' : AWAY.test(code) ? 'away' : null;
  }
  return error instanceof Error && DRIVER.test(error.message) ? 'away' : null;
}

/** Whether it may answer later: it, or the way to it, is away. */
export function isAway(error: unknown): boolean {
  return databaseTrouble(error) === 'away' || isOfSocket(error);
}

/** Also looking up a name; several at once where a name has several addresses. */
function isOfSocket(error: unknown): boolean {
  const { syscall, errors } = (error ?? {}) as { syscall?: unknown; errors?: unknown[] };
  return errors ? errors.every(isOfSocket) : typeof syscall === 'string';
}
