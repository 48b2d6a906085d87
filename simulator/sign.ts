import { createHmac } from 'node:crypto';

/**
 * The headers that Podium documents: HMAC-SHA256 over `timestamp + "." + raw body`, in hex.
 * @param timestamp Unix milliseconds, as in Podium's example; any text is signed as it is
 */
export function signPublished(
  secret: string,
  body: string | Buffer,
  timestamp: number | string = Date.now(),
): Record<string, string> {
  return { 'podium-timestamp': String(timestamp), 'podium-signature': digest(secret, timestamp, body) };
}

/**
 * The one header of the `skill` contract: `t=<seconds>,v1=<hex>`, with the same digest.
 * @param timestamp Unix seconds; any text is signed as it is
 */
export function signSkill(
  secret: string,
  body: string | Buffer,
  timestamp: number | string = Math.floor(Date.now() / 1000),
): Record<string, string> {
  return { 'x-podium-signature': `t=${timestamp},v1=${digest(secret, timestamp, body)}` };
}

function digest(secret: string, timestamp: number | string, body: string | Buffer): string {
  return createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
}
