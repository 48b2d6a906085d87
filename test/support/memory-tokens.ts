/** Tokens in memory, for tests of what uses them; the tests of the real store are where it is. */
import type { TokenGrant, TokenState } from '../../core/tokens';
import type { TokenStore } from '../../podium/access-token';

export class MemoryTokens implements TokenStore {
  state: TokenState;
  /** Every refresh token that was stored. */
  readonly refreshTokens: string[] = [];
  private queue: Promise<unknown> = Promise.resolve();
  private atWork = 0;

  constructor(refreshToken: string | null = null) {
    this.state = {
      ...{ refreshToken, access: null, scopes: null, grants: 0 },
      ...{ refusedCode: null, refusedTokens: [], pausedUntil: null },
    };
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.atWork += 1;
    const result = this.queue.then(work).finally(() => (this.atWork -= 1));
    this.queue = result.catch(() => undefined);
    return result;
  }

  unlessHeld<T>(work: () => Promise<T>): Promise<T | null> {
    return this.atWork > 0 ? Promise.resolve(null) : this.exclusively(work);
  }

  load = (): Promise<TokenState> => Promise.resolve(this.state);

  saveGrant = ({ access, scopes, refreshToken }: TokenGrant, after: number): Promise<boolean> => {
    if (this.state.grants !== after) return Promise.resolve(false);
    if (refreshToken !== null) this.refreshTokens.push(refreshToken);
    this.state = {
      ...{ refreshToken: refreshToken ?? this.state.refreshToken, access, scopes, grants: after + 1 },
      ...{ refusedCode: null, refusedTokens: [], pausedUntil: null },
    };
    return Promise.resolve(true);
  };

  saveRefusal = (
    refusal: { code: string; tokens: string[]; until: Date },
    after: number,
  ): Promise<boolean> => {
    if (this.state.grants !== after) return Promise.resolve(false);
    const refusedTokens = [...this.state.refusedTokens, ...refusal.tokens];
    this.state = {
      ...this.state,
      ...{ refusedCode: refusal.code, refusedTokens, pausedUntil: refusal.until },
    };
    return Promise.resolve(true);
  };

  saveRejection = (until: Date): Promise<void> => this.savePause(until);

  savePause = (until: Date): Promise<void> => {
    this.state = { ...this.state, pausedUntil: until };
    return Promise.resolve();
  };
}
