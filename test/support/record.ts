/** What a process has done, line by line in a file, so that a `kill -9` loses nothing of it. */
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Ms by a clock that all processes of the machine share, and that nobody sets. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Appends to a record. A line is with the kernel when the call returns. */
export function openRecord<Line extends object>(file: string): (line: Line) => void {
  const descriptor = openSync(file, 'a');
  return (line) => void writeSync(descriptor, `${JSON.stringify(line)}\n`);
}

/** All lines so far; none where there is no such file yet. */
export function readRecord<Line extends object>(file: string): Line[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Line);
}
