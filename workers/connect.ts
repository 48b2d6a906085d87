/** The connection to Temporal: one that is away is waited for, and what waiting does not mend ends the process. */
import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection, TransportError, type NativeConnectionOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { ConfigurationError } from '../config/load';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** By what the SDK says, since it has no codes: what somebody has to mend. */
const REFUSALS: [RegExp, string][] = [
  [
    /NativeCertsNotFound/,
    'this machine knows no authority for certificates. Install the package ca-certificates, or name one by TEMPORAL_TLS_SERVER_CA_CERT_PATH.',
  ],
  [
    /UnknownIssuer/,
    'its certificate comes from an authority that is not known here. Name that one by TEMPORAL_TLS_SERVER_CA_CERT_PATH.',
  ],
  [
    /NotValidForName/,
    'its certificate is for another name than that in TEMPORAL_ADDRESS. Compare them, or name it by TEMPORAL_TLS_SERVER_NAME.',
  ],
  [
    /InvalidCertificate/,
    'its certificate is not accepted. Look whether it has expired, and at the clock of this machine.',
  ],
  [
    /InconsistentKeys|PrivateKeyParseError|CertificateParseError/,
    'our own certificate and key cannot be used. Look whether TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH belong together, and are PEM.',
  ],
  [
    /received fatal alert/,
    'it does not accept our certificate, or wants one. See TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH.',
  ],
  [
    /valid authentication credentials/,
    'it does not know us. See TEMPORAL_API_KEY, or the client certificate: it may have expired.',
  ],
  [
    /does not have permission/,
    'what we show it has no right to this namespace. See TEMPORAL_NAMESPACE, and what TEMPORAL_API_KEY may do.',
  ],
];

/**
 * Waits for a Temporal that is away.
 * @throws ConfigurationError when it refuses us, or is not who it should be
 */
export async function connect(options: NativeConnectionOptions, logger: Logger): Promise<NativeConnection> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await NativeConnection.connect(options);
    } catch (err) {
      if (!(err instanceof TransportError)) throw err;
      const refusal = refusalOf(err);
      if (refusal !== null)
        throw new ConfigurationError([
          `Temporal at ${options.address ?? 'localhost'}: ${refusal} (${err.message})`,
        ]);
      logger.warn({ err }, 'Temporal cannot be reached; trying again');
      await delay(pause);
    }
  }
}

/** What has to be mended; null where Temporal is merely away. */
export function refusalOf({ message }: Error): string | null {
  return REFUSALS.find(([pattern]) => pattern.test(message))?.[1] ?? null;
}
