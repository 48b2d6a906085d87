/** Pages of the docs whose commands a shell runs, part by part, each with what it prints. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { built } from '../../embedded/paths';

export interface PagePart {
  title: string;
  /** A block of `sh`. */
  commands: string;
  /** A block of `text`, in which `…` stands for what differs each time; alone on a line, for any lines. */
  output: string;
}

export interface ShellPage {
  /** The page's first block, which is for all parts. */
  setUp: string;
  parts: PagePart[];
}

/** @throws when a part has no commands, or does not say what they print */
export async function readShellPage(file: string): Promise<ShellPage> {
  const [before = '', ...sections] = (await readFile(file, 'utf8')).split(/^## /m);
  return {
    setUp: block(before, 'sh'),
    parts: sections.map((section) => ({
      title: section.split('\n')[0]!,
      commands: block(section, 'sh'),
      output: block(section, 'text'),
    })),
  };
}

function block(section: string, language: string): string {
  const [, content] = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'm').exec(section) ?? [];
  if (content === undefined)
    throw new Error(`There is no block of ${language} in: ${section.split('\n')[0]}`);
  return content;
}

/** What was printed, with anything in place of each `…`: within its line, or any lines where it stands alone. */
export function asPrinted(output: string): RegExp {
  const lines = output.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&').split(/(?<=\n)/);
  const patterns = lines.map((line) => (line === '…\n' ? '(?:.*\n)*?' : line.replaceAll('…', '.*')));
  return new RegExp(`^${patterns.join('')}$`);
}

/** Runs a script. @returns what it printed and what it said */
export type Shell = (script: string) => Promise<string>;

/**
 * A bash that works in this directory. `npx podium-webchat` starts the command of the build, as would any npx.
 *
 * @param programs besides, scripts by their names
 */
export async function shellIn(
  directory: string,
  environment: Record<string, string>,
  programs: Record<string, string> = {},
): Promise<Shell> {
  const bin = join(directory, 'bin');
  await mkdir(bin);
  const npx = `shift\nexec '${process.execPath}' '${built('ops/cli/main.js')}' "$@"\n`;
  for (const [name, script] of Object.entries({ npx, ...programs })) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}`);
    await chmod(join(bin, name), 0o755);
  }
  const env = { ...process.env, ...environment, PATH: `${bin}:${process.env['PATH']}` };
  return (script) =>
    new Promise((resolve) => {
      execFile('bash', ['-c', `exec 2>&1\n${script}`], { cwd: directory, env }, (_, stdout) =>
        resolve(stdout),
      );
    });
}
