/** Commands in documentation, with what they print: run again, to see whether they still print it. */
import { readFile } from 'node:fs/promises';

/** ```console, in which a line with `$ podium-webchat` is a command and what follows is its output. */
const BLOCK = /```console\n([^]*?)```/g;
const COMMAND = /^\$ podium-webchat (.*)$/;

export interface ConsoleBlocks {
  /** The document with what was printed now. */
  document: string;
  /** Commands with their output as the document shows it, and as it was now. */
  shown: string[];
  printed: string[];
}

/** Runs the commands of a document in their order. @param run gives what a command prints */
export async function consoleBlocks(
  file: string,
  run: (args: string[]) => Promise<string>,
): Promise<ConsoleBlocks> {
  let document = await readFile(file, 'utf8');
  const [shown, printed]: [string[], string[]] = [[], []];
  for (const [whole, block] of [...document.matchAll(BLOCK)]) {
    const now: string[] = [];
    for (const part of block!.split(/^(?=\$ )/m)) {
      const [first, ...output] = part.trimEnd().split('\n') as [string, ...string[]];
      const [, words = ''] = COMMAND.exec(first) ?? [];
      if (!words) throw new Error(`${file}: no command of ours: ${first}`);
      const result = `${first}\n${(await run(argumentsOf(words))).trimEnd()}`;
      shown.push([first, ...output].join('\n'));
      printed.push(result);
      now.push(result);
    }
    document = document.replace(whole, () => `\`\`\`console\n${now.join('\n')}\n\`\`\``);
  }
  return { document, shown, printed };
}

/** As a shell splits them: words, and what stands in quotes. */
export function argumentsOf(words: string): string[] {
  return [...words.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, word]) => one ?? two ?? word!);
}

/** What differs from run to run: times, ids, fingerprints, folders, who is the first to tell of a send; and the order of what happens at once. */
const VARIABLE: [RegExp, string][] = [
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+Z)?/g, '<time>'],
  [/(?!9e000000)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>'],
  [/\b[0-9a-f]{16,64}\b/g, '<hash>'],
  [/\b(Idle: +|for |event |Event |scanned |active |warned |closed |errors )\d+/g, '$1<n>'],
  [/\b(\d+ h )?\d+ min\b/g, '<duration>'],
  [/^\d+(?= )/gm, '<n>'],
  [/\d+ (location|store|server|served)/g, '<n> $1'],
  [/: Podium's event told/g, ''],
  [/Podium: (is to be told|does not permit us to tell it).*/g, 'Podium: <how far>'],
  [/ +/g, ' '],
];

/** Outputs in a form in which the same words are the same. */
export function sameWords(outputs: string[]): string[] {
  return outputs.map((output) => {
    const plain = VARIABLE.reduce((text, [what, name]) => text.replace(what, name), output);
    return plain
      .split('\n')
      .map((line) => line.trim())
      .sort()
      .join('\n');
  });
}
