/** The secrets of a system on this machine: made once, kept beside its data, worth nothing elsewhere. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

export interface Keys {
  postgresPassword: string;
  idKey: string;
  /** `id:base64`, as `WEBCHAT_ENCRYPTION_KEYS` takes it. */
  encryptionKey: string;
  webhookSecret: string;
  opsToken: string;
  /** Stands in the address that Temporal's Web UI has payloads decoded at. */
  codecToken: string;
  podiumClientSecret: string;
  podiumRefreshToken: string;
}

export function newKeys(): Keys {
  const secret = (): string => randomBytes(24).toString('hex');
  return {
    postgresPassword: secret(),
    idKey: secret(),
    encryptionKey: `local:${randomBytes(32).toString('base64')}`,
    webhookSecret: secret(),
    opsToken: secret(),
    codecToken: secret(),
    podiumClientSecret: secret(),
    podiumRefreshToken: secret(),
  };
}

/** The keys of the file, which is made when it is missing: without its keys, the data cannot be read. */
export function keptKeys(file: string): Keys {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Keys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const keys = newKeys();
    writeFileSync(file, JSON.stringify(keys, null, 2), { mode: 0o600 });
    return keys;
  }
}
