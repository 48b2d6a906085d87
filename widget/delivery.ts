/** One attempt to hand a message to the server, and what came of it. */
import type { Envelope, Refusal } from './chat';
import { complain } from './console';

export type Outcome =
  | { kind: 'accepted'; optedOut: boolean }
  /** For good: the same message would be refused again. */
  | { kind: 'refused'; refusal: Refusal }
  /** Not taken, as far as is known: the same message may be sent again. */
  | { kind: 'later'; reason: 'unreachable' | 'cut' | 'busy' | 'limited'; afterMs: number | null };

interface Answer {
  status?: string;
  opted_out?: boolean;
  error?: { code: string; message: string; hint: string; field?: string };
}

const LONGEST_WAIT_MS = 20_000;

/** An upload of which nothing has left for so long is on a dead line. */
const LONGEST_STANDSTILL_MS = 30_000;

/** What the server may say differently another time. */
const PASSING = new Set([408, 425, 429]);

const UNREACHABLE: Outcome = { kind: 'later', reason: 'unreachable', afterMs: null };
const CUT: Outcome = { kind: 'later', reason: 'cut', afterMs: null };

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
    let begun = false;
    const abort = () => request.abort();
    let standstill = setTimeout(abort, LONGEST_STANDSTILL_MS);
    request.open('POST', `${widgetUrl}attachments`);
    request.upload.onprogress = ({ loaded, total }) => {
      begun ||= loaded > 0;
      clearTimeout(standstill);
      standstill = setTimeout(abort, LONGEST_STANDSTILL_MS);
      onProgress(total > 0 ? loaded / total : 0);
    };
    request.onloadend = () => clearTimeout(standstill);
    request.onload = () =>
      resolve(outcomeOf(request.status, request.responseText, request.getResponseHeader('Retry-After')));
    request.onerror = request.onabort = () => resolve(begun ? CUT : UNREACHABLE);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) resolve(UNREACHABLE);
    else request.send(form);
  });
}

/**
 * Only what our server says decides: any other answer is of something before it, as of a proxy, and passes.
 *
 * @param retryAfter the header, of either form
 */
export function outcomeOf(status: number, text: string, retryAfter: string | null): Outcome {
  const answer = parse(text);
  if (status >= 200 && status < 300 && answer.status)
    return { kind: 'accepted', optedOut: answer.opted_out === true };
  if (status >= 400 && status < 500 && !PASSING.has(status) && answer.error?.code) {
    const { code, message, hint, field = null } = answer.error;
    if (field === null) complain(`${code}: ${message} ${hint}`);
    return { kind: 'refused', refusal: { code, field } };
  }
  const reason = status === 429 ? 'limited' : status === 408 ? 'cut' : 'busy';
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
