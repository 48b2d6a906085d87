#!/usr/bin/env node
/** `podium-webchat`: what an operator can do, from a shell. */
import { createInterface } from 'node:readline';
import { addCompletion } from './completion';
import { runCli } from './run';

process.title = 'podium-webchat-cli';
// Whoever reads may stop before the end, as `head` does.
process.stdout.on('error', () => undefined);

const args = process.argv.slice(2);
void runCli(args, {
  env: process.env,
  directory: process.cwd(),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  addCompletion: (program) => addCompletion(program, args),
  lines: (signal) => createInterface({ input: process.stdin, signal }),
}).then((code) => {
  process.exitCode = code;
});
