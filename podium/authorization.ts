/** OAuth's way to a first refresh token: a user of Podium agrees, and what comes of that is exchanged. */
import { PodiumError } from './api';
import { requestGrant, type OAuthClient } from './oauth';
import type { TokenGrant } from '../core/tokens';

/** What the calls that we make need. */
export const SCOPES = [
  'read_messages',
  'write_messages',
  'read_contacts',
  'write_contacts',
  'read_locations',
] as const;

/** Where the user's browser has to go. */
export function authorizationUrl(
  authorizeUrl: string,
  request: { clientId: string; redirectUri: string; state: string },
): string {
  const url = new URL(authorizeUrl);
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    scope: SCOPES.join(' '),
    state: request.state,
  }))
    url.searchParams.set(name, value);
  return url.href;
}

/**
 * The tokens for the code with which the browser came back.
 * @throws PodiumError of kind `unauthenticated` when Podium does not take the code, or the application
 */
export async function redeemCode(
  client: OAuthClient,
  code: string,
  redirectUri: string,
): Promise<TokenGrant> {
  const answer = await requestGrant(client, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
  });
  if ('grant' in answer) return answer.grant;
  throw new PodiumError('unauthenticated', `Podium does not accept the authorization (${answer.refused}).`, {
    code: answer.refused,
    mayHaveHappened: false,
  });
}
