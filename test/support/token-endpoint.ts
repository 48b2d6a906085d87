/** Podium's token endpoint: one refresh token is good, and each use replaces it when `rotates`. */
import type { ServerResponse } from 'node:http';
import { json, type SeenRequest } from './small-server';

export class TokenEndpoint {
  good = 'refresh-1';
  rotates = false;
  /** How many access tokens it gave. */
  uses = 0;
  expiresIn: unknown = 36_000;

  answer = (request: SeenRequest, response: ServerResponse): void => {
    if ((request.body as { refresh_token: string }).refresh_token !== this.good) {
      return json(response, 400, { error: 'invalid_grant' });
    }
    this.uses += 1;
    if (this.rotates) this.good = `refresh-${this.uses + 1}`;
    const grant = { access_token: `access-${this.uses}`, token_type: 'bearer', expires_in: this.expiresIn };
    json(response, 200, this.rotates ? { ...grant, refresh_token: this.good } : grant);
  };
}
