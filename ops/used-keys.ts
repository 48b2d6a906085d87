/** The keys of an operator's shell: with others than the database's own nothing would be found, and wrong names written. */
import { ConfigurationError } from '../config/load';
import { idKeysInUse } from '../core/used-keys';
import { problemsOfKeys } from '../store/used-keys';
import type { OpsTools } from './operation';

/** Those of `WEBCHAT_ID_KEY`, the first of which names phones. @throws ConfigurationError when they are not the database's */
export async function idKeysOf(tools: OpsTools): Promise<[string, ...string[]]> {
  const { idKeys } = tools.environment('idKeys');
  const problems = await problemsOfKeys(tools.pool, idKeysInUse(idKeys));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return idKeys as [string, ...string[]];
}
