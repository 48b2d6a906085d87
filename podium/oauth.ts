/** Podium's token endpoint: what a refresh token or an authorization code is exchanged for. */
import { z } from 'zod';
import type { TokenGrant } from '../core/tokens';
import { PodiumError, type PodiumErrorKind } from './api';
import { exchange, refusal, unreadable, type Exchange } from './http';

/** The application, as Podium knows it. */
export interface OAuthClient {
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  timeoutMs: number;
}

/** What is exchanged for a grant. */
export type Credential =
  | { grant_type: 'refresh_token'; refresh_token: string }
  | { grant_type: 'authorization_code'; code: string; redirect_uri: string };

/** OAuth leaves `expires_in` optional; an hour is the shortest that anyone says of Podium. */
const grantSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().catch(3_600),
  refresh_token: z.string().min(1).nullable().catch(null),
  scope: z.string().min(1).nullable().catch(null),
});

/**
 * Asks for a grant.
 *
 * @returns it, or how Podium refused the credential or the application: OAuth's code, as `invalid_grant`
 * @throws PodiumError for everything else that goes wrong, of a kind that passes: nothing that is answered
 *   here is a word about the call that the token is for
 */
export async function requestGrant(
  { tokenUrl, clientId, clientSecret, timeoutMs }: OAuthClient,
  credential: Credential,
): Promise<{ grant: TokenGrant } | { refused: string }> {
  const request: Exchange = {
    operation: 'get an access token',
    writes: false, // nothing that a caller would have to look for
    url: new URL(tokenUrl),
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      // Podium documents both JSON and a form; its own samples send JSON.
      body: JSON.stringify({ client_id: clientId, client_secret: clientSecret, ...credential }),
    },
    timeoutMs,
  };
  const issuedAt = new Date();
  const answer = await exchange(request);
  if (answer.status === 400 || answer.status === 401 || answer.status === 403)
    return { refused: refusal(request, answer).details.code ?? String(answer.status) };
  if (!answer.ok) throw passing(refusal(request, answer));
  const read = grantSchema.safeParse(answer.body);
  if (!read.success) throw passing(unreadable(request, answer));
  const { access_token: token, expires_in: seconds, refresh_token: refreshToken, scope } = read.data;
  const expiresAt = new Date(issuedAt.getTime() + seconds * 1000);
  const grant = {
    access: { token, issuedAt, expiresAt },
    refreshToken,
    scopes: scope?.split(/[\s,]+/) ?? null,
  };
  return { grant };
}

const PASSING: readonly PodiumErrorKind[] = ['throttled', 'server', 'unreachable'];

/** A maintenance page, a redirect, a wrong address: else a 404 here would pass for "no such contact". */
function passing(error: PodiumError): PodiumError {
  return PASSING.includes(error.kind) ? error : new PodiumError('unreachable', error.message, error.details);
}
