/** What the server shows of our access to Podium. */
import type { Registry } from 'prom-client';
import type { AccessFacts } from '../store/podium-tokens';
import { addFigureGauge } from './figure-gauge';

/** Rejected tokens are tried anew once a minute: seen longer ago, it is over. */
const REJECTED_FOR_MS = 180_000;

/** Nobody has authorized us so far. */
const NEVER: AccessFacts = {
  ...{ refreshTokenAt: null, accessIssuedAt: null, accessExpiresAt: null, scopes: null, grants: 0 },
  ...{ refusedSince: null, refusedCode: null, tokensRejectedAt: null },
};

/** @throws with the reason while Podium accepts no refresh token, or none of the access tokens that it gives */
export function complainAboutAccess(access: AccessFacts | null): void {
  if (access && areRejected(access))
    throw new Error(
      "Podium gives access tokens and rejects each of them: compare PODIUM_API_URL with PODIUM_TOKEN_URL, and ask Podium's support",
    );
  if (!access?.refusedSince) return;
  const since = access.refusedSince.toISOString();
  throw new Error(`access refused since ${since} (${access.refusedCode}): podium-webchat auth login`);
}

const areRejected = ({ tokensRejectedAt }: AccessFacts): boolean =>
  tokensRejectedAt !== null && Date.now() - tokensRejectedAt.getTime() < REJECTED_FOR_MS;

/** Figures that are read when someone asks for them; NaN while they are not known. */
export function addAccessMetrics(registry: Registry, read: () => Promise<AccessFacts | null>): void {
  const gauge = (name: string, help: string, figure: (access: AccessFacts) => number) =>
    addFigureGauge(registry, { name: `podium_webchat_podium_${name}`, help }, read, (access) =>
      figure(access ?? NEVER),
    );
  gauge('access', 'Whether Podium lets us in: 1 or 0.', (access) =>
    access.grants === 0 || access.refusedSince || areRejected(access) ? 0 : 1,
  );
  gauge(
    'access_token_expiry_timestamp_seconds',
    'When the access token ends, in Unix seconds.',
    ({ accessExpiresAt }) => seconds(accessExpiresAt),
  );
  gauge(
    'refresh_token_timestamp_seconds',
    'Since when we have the stored refresh token, in Unix seconds.',
    ({ refreshTokenAt }) => seconds(refreshTokenAt),
  );
  gauge('token_grants', 'How many access tokens Podium has given so far.', ({ grants }) => grants);
}

const seconds = (at: Date | null): number => (at ? at.getTime() / 1000 : NaN);
