/** What Podium gives for a refresh token or an authorization code, and what is kept of it. */

export interface AccessToken {
  token: string;
  issuedAt: Date;
  expiresAt: Date;
}

export interface TokenGrant {
  access: AccessToken;
  /** Null where none came with it: the one before stays good. */
  refreshToken: string | null;
  /** Null where Podium did not say. */
  scopes: string[] | null;
}

/** Another process asks for tokens, and has not been answered for so long that nobody waits for it any more. */
export class TokensBusy extends Error {
  override readonly name = 'TokensBusy';
  constructor() {
    super(
      'Another process waits for the answer of Podium to its question for a token. Try again in a moment.',
    );
  }
}

/** What all processes know. */
export interface TokenState {
  /** The latest one; null when none was stored, or when its key is gone. */
  refreshToken: string | null;
  access: AccessToken | null;
  /** As Podium said with the token; null where it said nothing. */
  scopes: string[] | null;
  /** How many grants were stored so far. */
  grants: number;
  /** Podium's code while no refresh token is accepted; null while access works. */
  refusedCode: string | null;
  /** Hashes of the refresh tokens that were refused since. */
  refusedTokens: string[];
  /** Until when nobody is to ask for a token. */
  pausedUntil: Date | null;
}
