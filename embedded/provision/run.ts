/** Running the tools that build programs, and looking for programs. */
import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export const EXE = process.platform === 'win32' ? '.exe' : '';

/** The full path of a program on the PATH, or in other directories, or null. */
export async function onPath(
  program: string,
  directories = (process.env.PATH ?? '').split(delimiter).filter(Boolean),
): Promise<string | null> {
  for (const directory of directories) {
    const path = join(directory, program + EXE);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return null;
}

/** The program that an environment variable names, or null. @throws when what it names cannot be run */
export async function namedBy(variable: string): Promise<string | null> {
  const path = process.env[variable];
  if (!path) return null;
  await access(path, constants.X_OK);
  return path;
}

/** Builds a Go program from source. @param source with its version, as `example.com/cmd/tool@v1.2.0` */
export async function installWithGo(
  go: string,
  source: string,
  directory: string,
  onLine?: (line: string) => void,
): Promise<void> {
  await run(go, ['install', '-v', '-ldflags=-s -w', source], {
    cwd: directory, // outside of any Go module
    env: { GOBIN: directory },
    ...(onLine && { onLine }),
  });
}

/**
 * Runs a tool to its end.
 * @param onLine called with each line that it prints, for progress
 * @throws with the end of its output when it fails
 */
export async function run(
  command: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; onLine?: (line: string) => void } = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        options.onLine?.(line);
      }
    });
    stream.on('end', () => rest && lines.push(rest));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(lines.join('\n'));
      else
        reject(
          new Error(
            `${lines.slice(-8).join('\n')}\n${command} ended with ${signal ?? code}: ${lines.at(-1) ?? ''}`,
          ),
        );
    });
  });
}
