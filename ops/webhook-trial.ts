/** Tries the way that Podium's events take: an event that means nothing, posted to our own public address. */
import { randomBytes, randomUUID } from 'node:crypto';
import { TEST_EVENT, webhookUrl } from '../core/webhooks';
import { signedHeaders } from '../podium/signature';

/** Podium waits for so long. */
const PATIENCE_MS = 5_000;

/** One post, and what came of it. */
export interface Trial {
  /** What it was signed with: `secret 1` and so on, in the order of PODIUM_WEBHOOK_SECRETS, or `wrong secret`. */
  signed_with: string;
  expected: string;
  answered: string;
  ok: boolean;
}

/**
 * Posts to the public address, signed with each of the secrets and then with a wrong one.
 * @throws when there is no answer
 */
export async function tryWayIn(publicUrl: string, secrets: readonly string[]): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const [n, secret] of secrets.entries())
    trials.push(judged(`secret ${n + 1}`, '200 ignored', await post(publicUrl, secret)));
  const wrong = randomBytes(32).toString('hex');
  return [...trials, judged('wrong secret', '401 ERR_WHK_002', await post(publicUrl, wrong))];
}

/** @returns the status, with the word that our server gives for what became of it */
async function post(publicUrl: string, secret: string): Promise<string> {
  const metadata = { eventType: TEST_EVENT, eventUid: randomUUID(), version: '2021.04.01' };
  const body = JSON.stringify({ data: {}, metadata });
  const response = await fetch(webhookUrl(publicUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signedHeaders(body, secret, Date.now()) },
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const answer = (await response.json().catch(() => ({}))) as {
    status?: unknown;
    error?: { code?: unknown };
  };
  return [response.status, answer.status ?? answer.error?.code].filter(Boolean).join(' ');
}

function judged(signed_with: string, expected: string, answered: string): Trial {
  return { signed_with, expected, answered, ok: answered === expected };
}
