/** A client of Podium in front of a small server that answers as a test wants it. */
import type { ServerResponse } from 'node:http';
import pino from 'pino';
import type { Contract } from '../../core/events';
import type { PodiumApi } from '../../podium/api';
import { createPodium } from '../../podium/client';
import { ownLimits } from './call-limits';
import { json, startSmallServer, type SeenRequest, type SmallServer } from './small-server';

type Answer = (request: SeenRequest, response: ServerResponse) => void;

/** For one test file; a client for each test, and the server behind the last one is closed after it. */
export function smallPodium(contract: Contract) {
  let server: SmallServer;
  afterEach(() => server.close());

  async function podiumThat(answer: Answer): Promise<PodiumApi> {
    server = await startSmallServer(answer);
    const tokens = { current: async () => 'token', renewed: async () => 'token', accepted: () => undefined };
    const logger = pino({ level: 'silent' });
    const limits = ownLimits();
    return createPodium({ contract, apiUrl: server.url, tokens, limits, timeoutMs: 30_000, logger });
  }
  return {
    podiumThat,
    podiumAnswering: (body: unknown, status = 200) =>
      podiumThat((_, response) => json(response, status, body)),
    requests: () => server.requests,
    /** Between two clients of one test. */
    close: () => server.close(),
    /** Method, path and body of every request so far. */
    asked: () =>
      server.requests.map(({ method, url, body }) => [method, url, ...(body === undefined ? [] : [body])]),
  };
}
