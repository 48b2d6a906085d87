/** The keys of an operator's shell: with others than the database's own nothing would be found, and wrong names written. */
import { ConfigurationError } from '../config/load';
import type { Environment } from '../core/environment';
import { namedIdKeys, namedKeys, type GivenKeys } from '../core/used-keys';
import type { Pool } from '../store/database';
import { problemsOfKeys } from '../store/used-keys';
import type { OpsTools } from './operation';

type KeyTools = Pick<OpsTools, 'pool' | 'environment'>;

/** Those of `WEBCHAT_ID_KEY`, the first of which names phones. @throws ConfigurationError when they are not the database's */
export async function idKeysOf(tools: KeyTools): Promise<[string, ...string[]]> {
  const { idKeys } = tools.environment('idKeys');
  await refuseOthers(tools.pool, { ids: namedIdKeys(idKeys) });
  return idKeys as [string, ...string[]];
}

/** Those of `WEBCHAT_ENCRYPTION_KEYS`. @throws ConfigurationError when they are not the database's */
export async function encryptionKeysOf(tools: KeyTools): Promise<Environment['encryptionKeys']> {
  const { encryptionKeys } = tools.environment('encryptionKeys');
  await refuseOthers(tools.pool, { encryption: namedKeys(encryptionKeys) });
  return encryptionKeys;
}

async function refuseOthers(pool: Pool, keys: GivenKeys): Promise<void> {
  const problems = await problemsOfKeys(pool, keys);
  if (problems.length > 0) throw new ConfigurationError(problems);
}
