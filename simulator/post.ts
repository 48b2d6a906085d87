import type { Contract } from './settings';
import { signPublished, signSkill } from './sign';

/** Podium waits this long for the whole answer. No time scale touches it. */
const ANSWER_WITHIN_MS = 5000;

/** One post to a webhook, and what came of it. */
export interface Attempt {
  /** Ms since 1970. */
  at: number;
  ms: number;
  /** Null when there was no answer in time. */
  status: number | null;
  error: string | null;
  /** The answer's first 2,000 characters. */
  answer: string | null;
}

/** The headers of a contract; none without a secret, as Podium does it. */
export function signature(
  secret: string | null,
  contract: Contract,
  body: string | Buffer,
  at: number,
): Record<string, string> {
  if (secret === null) return {};
  return contract === 'skill'
    ? signSkill(secret, body, Math.floor(at / 1000))
    : signPublished(secret, body, at);
}

/** Posts bytes as Podium does: no redirects, and five seconds. Never throws; `stop` cuts it short. */
export async function postEvent(
  url: string | null,
  body: string | Buffer<ArrayBuffer>,
  headers: Record<string, string>,
  stop?: AbortSignal,
): Promise<Attempt> {
  const at = Date.now();
  const outcome = await post(url ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'Podium-Simulator', ...headers },
    body,
    redirect: 'manual',
    signal: AbortSignal.any([AbortSignal.timeout(ANSWER_WITHIN_MS), ...(stop ? [stop] : [])]),
  });
  return { at, ms: Date.now() - at, ...outcome };
}

async function post(url: string, init: RequestInit): Promise<Pick<Attempt, 'status' | 'error' | 'answer'>> {
  try {
    const response = await fetch(url, init);
    const answer = (await response.text()).slice(0, 2000);
    return { status: response.status, error: null, answer };
  } catch (error) {
    const { name, message, cause } = error as Error & { cause?: { code?: string } };
    return { status: null, error: cause?.code ?? `${name}: ${message}`, answer: null };
  }
}
