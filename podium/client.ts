import type { Contract } from '../core/events';
import type { PodiumApi } from './api';
import { createCall, type CallOptions } from './call';
import { createPublished } from './published';
import { createSkill } from './skill';

/**
 * Podium, in the contract that the settings name. One client serves a whole process: it holds the
 * access token, and Node keeps its connections alive.
 *
 * @example
 * const tokens = createAccessTokens({ tokenUrl, clientId, clientSecret, refreshToken, store, timeoutMs, logger });
 * const podium = createPodium({ contract: 'published', apiUrl: 'https://api.podium.com', tokens, timeoutMs, logger });
 */
export function createPodium({ contract, ...options }: CallOptions & { contract: Contract }): PodiumApi {
  const call = createCall(options);
  return {
    prepare: async () => void (await options.tokens.current()),
    ...(contract === 'skill' ? createSkill(call) : createPublished(call)),
  };
}
