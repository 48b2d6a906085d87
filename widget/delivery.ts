/** One attempt to hand a message to the server, and what came of it. */
import type { Envelope, Refusal } from './chat';
import { complain } from './console';

export type Outcome =
  | { kind: 'accepted'; optedOut: boolean }
  /** For good: the same message would be refused again. */
  | { kind: 'refused'; refusal: Refusal }
  /** Not taken, as far as is known: the same message may be sent again. */
  | { kind: 'later'; reason: 'unreachable' | 'busy' | 'limited'; afterMs: number | null };

interface Answer {
  opted_out?: boolean;
  error?: { code: string; message: string; hint: string; field?: string };
}

const LONGEST_WAIT_MS = 20_000;

/** What the server may say differently another time. */
const PASSING = new Set([408, 425, 429]);

const UNREACHABLE: Outcome = { kind: 'later', reason: 'unreachable', afterMs: null };

/** A message without a file. Never rejects. @param widgetUrl the server's `/widget/` */
export async function postMessage(widgetUrl: string, envelope: Envelope): Promise<Outcome> {
  try {
    const response = await fetch(`${widgetUrl}messages`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(envelope),
      credentials: 'omit',
      keepalive: true,
      signal: AbortSignal.timeout(LONGEST_WAIT_MS),
    });
    return outcomeOf(response.status, await response.text(), response.headers.get('Retry-After'));
  } catch {
    return UNREACHABLE;
  }
}

/**
 * A message with a file. XMLHttpRequest tells how far it is, which fetch does not. Never rejects.
 *
 * @param onProgress told the share that has left, from 0 to 1
 * @param signal ends it
 */
export function uploadFile(
  widgetUrl: string,
  envelope: Envelope,
  file: Blob,
  name: string,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const form = new FormData();
  for (const [field, value] of Object.entries(envelope)) form.append(field, value as string);
  form.append('file', file, name);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('POST', `${widgetUrl}attachments`);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () =>
      resolve(outcomeOf(request.status, request.responseText, request.getResponseHeader('Retry-After')));
    request.onerror = request.onabort = request.ontimeout = () => resolve(UNREACHABLE);
    signal.addEventListener('abort', () => request.abort(), { once: true });
    if (signal.aborted) resolve(UNREACHABLE);
    else request.send(form);
  });
}

/** @param retryAfter the header, of either form */
export function outcomeOf(status: number, text: string, retryAfter: string | null): Outcome {
  const answer = parse(text);
  if (status >= 200 && status < 300) return { kind: 'accepted', optedOut: answer.opted_out === true };
  if (status >= 400 && status < 500 && !PASSING.has(status)) {
    const { code = `HTTP ${status}`, message = '', hint = '', field = null } = answer.error ?? {};
    if (field === null) complain(`${code}: ${message} ${hint}`);
    return { kind: 'refused', refusal: { code, field } };
  }
  const reason = status === 429 ? 'limited' : 'busy';
  return { kind: 'later', reason, afterMs: waitOf(retryAfter, Date.now()) };
}

/** Milliseconds of a Retry-After, in seconds or as a date; null without one. */
export function waitOf(retryAfter: string | null, now: number): number | null {
  if (!retryAfter) return null;
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

function parse(text: string): Answer {
  try {
    return (JSON.parse(text) as Answer | null) ?? {};
  } catch {
    return {}; // of a proxy
  }
}
