import { createHmac, timingSafeEqual, type Hmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { failure } from '../core/error-codes';
import type { Failure } from '../core/events';

/** What a delivery has to satisfy. Every secret is live: during a change of secrets there are two. */
export interface SignatureRules {
  secrets: readonly string[];
  /** How old a delivery may be. */
  replayWindowSeconds: number;
  /** How far ahead of ours Podium's clock may be. */
  clockSkewSeconds: number;
}

/** Verifies one delivery while its body is being read, so that nothing unverified needs to be kept. */
export interface Verifier {
  /** Takes the next bytes of the body, exactly as they came. */
  update(chunk: Uint8Array): void;
  /** Judges the whole delivery; `now` in ms since 1970. To be called once, after the last chunk. Tells which secret fits. */
  finish(now: number): { ok: true; secret: string } | { ok: false; failure: Failure };
}

interface SignedHeader {
  /** As it was sent, since it is part of what was signed. */
  timestamp: string;
  signature: Buffer;
}

/**
 * Starts to verify a delivery by its headers. Both forms that Podium is said to use are read:
 * `podium-timestamp` with `podium-signature` (published), and `X-Podium-Signature: t=…,v1=…` (skill).
 *
 * @returns a verifier, or the failure `ERR_WHK_001` (no signature) or `ERR_WHK_012` (not in either form).
 * @example
 * const start = beginVerification(request.headers, rules);
 * if (!start.ok) return refuse(start.failure);
 * for await (const chunk of request) start.verifier.update(chunk);
 * const verdict = start.verifier.finish(Date.now());
 */
export function beginVerification(
  headers: IncomingHttpHeaders,
  rules: SignatureRules,
): { ok: true; verifier: Verifier } | { ok: false; failure: Failure } {
  const header = readHeaders(headers);
  if (header === 'missing') return { ok: false, failure: failure('ERR_WHK_001') };
  if (header === 'malformed') return { ok: false, failure: failure('ERR_WHK_012') };

  const hmacs = rules.secrets.map((secret) => createHmac('sha256', secret).update(`${header.timestamp}.`));
  return {
    ok: true,
    verifier: {
      update: (chunk) => hmacs.forEach((hmac) => hmac.update(chunk)),
      finish: (now) => {
        // The signature first: who cannot sign is told nothing about our clock.
        const secret = rules.secrets[matching(hmacs, header.signature)];
        if (secret === undefined) return { ok: false, failure: failure('ERR_WHK_002') };
        if (!isWithinWindow(header.timestamp, now, rules))
          return { ok: false, failure: failure('ERR_WHK_003') };
        return { ok: true, secret };
      },
    },
  };
}

/** The headers by which Podium signs a delivery, in the form that it documents. `now` in ms since 1970. */
export function signedHeaders(body: string, secret: string, now: number): Record<string, string> {
  const signature = createHmac('sha256', secret).update(`${now}.`).update(body).digest('hex');
  return { 'podium-timestamp': String(now), 'podium-signature': signature };
}

function readHeaders(headers: IncomingHttpHeaders): SignedHeader | 'missing' | 'malformed' {
  const published = single(headers['podium-signature']);
  if (published !== undefined) return parse(single(headers['podium-timestamp']), published);

  const skill = single(headers['x-podium-signature']);
  if (skill === undefined) return 'missing';
  const parts = new Map(skill.split(',').map((part) => splitOnce(part.trim(), '=')));
  return parse(parts.get('t'), parts.get('v1'));
}

function parse(timestamp: string | undefined, hex: string | undefined): SignedHeader | 'malformed' {
  // The length is settled here, since `timingSafeEqual` throws on unequal ones.
  if (!/^\d{1,16}$/.test(timestamp ?? '') || !/^[0-9a-f]{64}$/i.test(hex ?? '')) return 'malformed';
  return { timestamp: timestamp!, signature: Buffer.from(hex!, 'hex') };
}

/** The index of the one that fits; -1 when none does. */
function matching(hmacs: Hmac[], signature: Buffer): number {
  // All are compared, whichever matches, so that the time taken tells nothing about which secret is live.
  return hmacs.map((hmac) => timingSafeEqual(hmac.digest(), signature)).indexOf(true);
}

function isWithinWindow(timestamp: string, now: number, rules: SignatureRules): boolean {
  const age = (now - toMilliseconds(Number(timestamp))) / 1000;
  return age <= rules.replayWindowSeconds && age >= -rules.clockSkewSeconds;
}

/** Podium's example has milliseconds, the skill documents seconds. 1e11 is the year 5138 in one, 1973 in the other. */
function toMilliseconds(timestamp: number): number {
  return timestamp < 1e11 ? timestamp * 1000 : timestamp;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
