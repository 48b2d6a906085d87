import type { Command } from 'commander';
import { argumentsOf } from '../../test/support/console-blocks';
import { CliContext, type CliHost } from './context';
import { createProgram } from './run';

const nobody: CliHost = {
  ...{ env: {}, directory: '/', out: () => undefined, err: () => undefined },
  lines: async function* () {},
};

interface Leaf {
  name: string;
  command: Command;
}

function leavesOf(command: Command, name: string[] = []): Leaf[] {
  if (command.commands.length === 0) return [{ name: name.join(' '), command }];
  return command.commands.flatMap((each) => leavesOf(each, [...name, each.name()]));
}

function helpOf({ command }: Leaf): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  return help;
}

/** The calls of this program in the examples of a help; they may stand in a pipe. */
function examplesIn(help: string): string[] {
  const [, examples = ''] = help.split('\nExamples:\n');
  return [...examples.matchAll(/podium-webchat (?!normalize$)([^|<\n]+)/g)].map(([, call]) => call!.trim());
}

const names = leavesOf(createProgram(new CliContext(nobody))).map(({ name }) => name);

it('there are commands to look at', () => {
  expect(names.length).toBeGreaterThan(45);
});

it.each(names)('the help of "%s" has examples, and each is a call of it', async (name) => {
  const program = createProgram(new CliContext(nobody));
  const leaves = leavesOf(program);
  const calls = examplesIn(helpOf(leaves.find((leaf) => leaf.name === name)!));
  expect(calls).not.toEqual([]);
  const called: string[] = [];
  for (const leaf of leaves) leaf.command.action(() => void called.push(leaf.name));
  for (const call of calls) await program.parseAsync(argumentsOf(call), { from: 'user' });
  expect(called).toEqual(calls.map(() => name));
});
