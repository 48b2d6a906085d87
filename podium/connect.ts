import type { Logger } from 'pino';
import type { Environment } from '../core/environment';
import type { Settings } from '../core/settings';
import { createAccessTokens, type TokenStore } from './access-token';
import type { PodiumApi } from './api';
import { createPodium } from './client';
import type { CallLimits } from './limits';
import type { OAuthClient } from './oauth';

/** What a process that calls Podium needs of the environment. */
export const PODIUM_NEEDS = [
  'podiumApiUrl',
  'podiumTokenUrl',
  'podiumClientId',
  'podiumClientSecret',
  'podiumRefreshToken',
  'podiumContract',
] as const satisfies (keyof Environment)[];

const TIMEOUT_MS = 10_000;

/** Podium as environment and settings name it; the environment's contract goes before the settings'. */
export function connectPodium(
  environment: Pick<Environment, (typeof PODIUM_NEEDS)[number]>,
  settings: Pick<Settings, 'podium'>,
  store: TokenStore,
  limits: CallLimits,
  logger: Logger,
): PodiumApi {
  const tokens = createAccessTokens({
    ...oauthClient(environment),
    refreshToken: environment.podiumRefreshToken,
    store,
    logger,
  });
  return createPodium({
    contract: environment.podiumContract ?? settings.podium.contract,
    apiUrl: environment.podiumApiUrl,
    tokens,
    limits,
    timeoutMs: TIMEOUT_MS,
    logger,
  });
}

/** The application as it shows itself at Podium's token endpoint. */
export function oauthClient(
  environment: Pick<Environment, 'podiumTokenUrl' | 'podiumClientId' | 'podiumClientSecret'>,
): OAuthClient {
  return {
    tokenUrl: environment.podiumTokenUrl,
    clientId: environment.podiumClientId,
    clientSecret: environment.podiumClientSecret,
    timeoutMs: TIMEOUT_MS,
  };
}
