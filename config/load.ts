import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { FILE_VARIABLES, readEnvironment, type Environment } from '../core/environment';
import { parseSettings, type Settings } from '../core/settings';

/** What the person who starts the process has to mend, all of it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Not compiled: beside this file in the sources, two levels up from `dist/config`. */
const SHIPPED = [join(__dirname, 'settings.yaml'), join(__dirname, '../../config/settings.yaml')].find(
  existsSync,
);

/**
 * What a process needs of the environment, and the settings: both are looked through before anything is
 * said, so that one start tells everything that is wrong.
 *
 * @throws ConfigurationError
 */
export function loadConfiguration<Key extends keyof Environment>(
  needs: readonly Key[],
  env: Variables = process.env,
): { environment: Pick<Environment, Key>; settings: Settings } {
  const problems: string[] = [];
  const environment = orProblems(() => loadEnvironment(needs, env), problems);
  const settings = orProblems(
    () => loadSettings(loadEnvironment(['settingsPath'], env).settingsPath),
    problems,
  );
  if (!environment || !settings) throw new ConfigurationError([...new Set(problems)]);
  return { environment, settings };
}

/**
 * What a process needs of the environment; `FOO_FILE` may name a file that holds `FOO`.
 *
 * @throws ConfigurationError
 */
export function loadEnvironment<Key extends keyof Environment>(
  needs: readonly Key[],
  env: Variables = process.env,
): Pick<Environment, Key> {
  const result = readEnvironment(withFiles(env), needs);
  if (!result.ok) throw new ConfigurationError(result.problems);
  return result.environment;
}

/**
 * The variables with the content of the files that `FOO_FILE` names, for readers of their own, as
 * Temporal's `envconfig`. A value given directly goes first.
 *
 * @throws ConfigurationError
 */
export function withFiles(env: Variables = process.env): Record<string, string> {
  const problems: string[] = [];
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined) variables[name] = value;
  }
  for (const name of FILE_VARIABLES) {
    const path = variables[`${name}_FILE`];
    if (!path || variables[name]) continue;
    try {
      variables[name] = readFileSync(path, 'utf8').trim();
    } catch (error) {
      problems.push(
        `${name}_FILE names a file that could not be read (${(error as NodeJS.ErrnoException).code}).`,
      );
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return variables;
}

/**
 * The shipped settings with the own file laid over them.
 *
 * @throws ConfigurationError
 */
export function loadSettings(path: string | null = null): Settings {
  if (!SHIPPED) throw new ConfigurationError(['config/settings.yaml is missing beside the program.']);
  const result = parseSettings(readYaml(SHIPPED), path === null ? null : readYaml(path));
  if (result.ok) return result.settings;
  const file = path ?? SHIPPED;
  throw new ConfigurationError(result.problems.map((problem) => `${file}: ${problem}`));
}

function readYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8')) as unknown;
  } catch (error) {
    throw new ConfigurationError([`${path} could not be read as YAML: ${(error as Error).message}`]);
  }
}

function orProblems<T>(load: () => T, problems: string[]): T | undefined {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
