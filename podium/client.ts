import type { Contract } from '../core/events';
import type { PodiumApi, Send } from './api';
import { createCall, type CallOptions } from './call';
import { createGate, type CallLimits } from './limits';
import { createPublished } from './published';
import { createSkill } from './skill';

/** What `prepare` looks at for a send. */
const SENDS: Record<Contract, Record<Send, string>> = {
  published: {
    sendMessage: 'POST /v4/messages',
    sendAttachment: 'POST /v4/messages/attachment',
    importMessage: 'POST /v4/import/messages',
  },
  skill: {
    sendMessage: 'POST /v4/conversations/{id}/messages',
    sendAttachment: 'POST /v4/messages/attachment',
    importMessage: 'POST /v4/import/messages',
  },
};

interface PodiumOptions extends Omit<CallOptions, 'gate' | 'passedBefore'> {
  contract: Contract;
  limits: CallLimits;
}

/** A token in hand is good for the call that follows, the longest upload included, and for what comes before it. */
const LEEWAY_MS: Record<Send, number> = {
  sendMessage: 5_000,
  sendAttachment: 60_000,
  importMessage: 5_000,
};

/**
 * Podium, in the contract that the settings name. One client serves a whole process: it holds the
 * access token, and Node keeps its connections alive.
 *
 * @example
 * const tokens = createAccessTokens({ tokenUrl, clientId, clientSecret, refreshToken, store, timeoutMs, logger });
 * const podium = createPodium({ contract: 'published', apiUrl: 'https://api.podium.com', tokens, limits, timeoutMs, logger });
 */
export function createPodium({ contract, limits, ...options }: PodiumOptions): PodiumApi {
  const gate = createGate(limits, options.logger);
  const sends = SENDS[contract];
  const call = createCall({ ...options, gate, passedBefore: Object.values(sends) });
  return {
    async prepare(send) {
      await gate.pass({ operation: 'prepare to send', endpoint: sends[send] });
      await options.tokens.current(options.timeoutMs + LEEWAY_MS[send]);
    },
    ...(contract === 'skill' ? createSkill(call) : createPublished(call)),
  };
}
