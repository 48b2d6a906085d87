import { credentials } from './simulator';

export interface PodiumAnswer {
  status: number;
  headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what came over the wire; tests look into it freely
  body: any;
}

export type PodiumCaller = (
  method: string,
  path: string,
  body?: unknown,
  headers?: object,
) => Promise<PodiumAnswer>;

/** Calls Podium's API as plainly as can be: no retries, no checks. Fetches an access token first. */
export async function podiumCaller(url: string): Promise<PodiumCaller> {
  const token = await refresh(url);
  return (method, path, body, headers = {}) =>
    call(url + path, method, body, {
      authorization: `Bearer ${token.body.access_token}`,
      'podium-version': '2021.04.01',
      ...headers,
    });
}

/** `POST /oauth/token` with the simulator's credentials. */
export function refresh(url: string, refreshToken = credentials.refreshToken): Promise<PodiumAnswer> {
  return call(`${url}/oauth/token`, 'POST', {
    grant_type: 'refresh_token',
    client_id: credentials.clientId,
    client_secret: credentials.clientSecret,
    refresh_token: refreshToken,
  });
}

async function call(url: string, method: string, body: unknown, headers: object = {}): Promise<PodiumAnswer> {
  const isForm = body instanceof FormData;
  const response = await fetch(url, {
    method,
    headers: { ...(isForm ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}
