/** Operations of a system elsewhere, over its HTTP API. */
import { z } from 'zod';
import { ConfigurationError } from '../../config/load';
import { Unanswered } from '../failures';
import { failureOutput, OperationRefused, type Operation, type RefusalKind } from '../operation';
import { pathOf } from '../operations';

export interface RemoteSystem {
  /** Of the server, without a slash at the end. */
  url: string;
  token: string;
}

const KINDS: Record<number, RefusalKind> = {
  400: 'wrong_input',
  404: 'unknown',
  409: 'refused',
  413: 'wrong_input',
  415: 'refused',
};

const failure = z.object({ error: failureOutput });

const UNREACHABLE = {
  code: 'ERR_OPS_UNREACHABLE',
  hint: 'Check --url (PODIUM_WEBCHAT_URL), and whether the server is up: /livez tells.',
};

const TOKEN_HINT = 'OPS_TOKEN should be the token of one of the names in OPS_TOKENS of the server.';

/** A look at every session, or at the whole audit, takes its time. */
const PATIENCE_MS = 10 * 60_000;

/**
 * @param url as somebody typed it
 * @throws ConfigurationError
 */
export function remoteSystem(url: string, token: string | undefined): RemoteSystem {
  const problems: string[] = [];
  if (!URL.canParse(url) || !/^https?:/.test(url))
    problems.push('--url (PODIUM_WEBCHAT_URL) is wrong. It should be as https://webchat.example.com.');
  if (!token) problems.push(`OPS_TOKEN is missing. ${TOKEN_HINT}`);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { url: url.replace(/\/+$/, ''), token: token! };
}

/** @throws OperationRefused as the operation itself does; Unanswered when nobody could do it */
export async function performThere<Output extends z.ZodType>(
  system: RemoteSystem,
  operation: Pick<Operation<z.ZodObject, Output>, 'name' | 'output'>,
  input: object,
): Promise<z.output<Output>> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(input);
  return operation.output.parse(await post(system, pathOf(operation), { headers, body }));
}

/** Posts to the API. @returns the JSON that it answers */
export async function post(
  { url, token }: RemoteSystem,
  path: string,
  { headers, body }: { headers?: Record<string, string>; body: string | FormData },
): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { ...headers, authorization: `Bearer ${token}` },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch((error: Error) => {
    const { code, message } = (error.cause ?? error) as Error & { code?: string };
    throw new Unanswered({ ...UNREACHABLE, message: `${url} could not be reached: ${code ?? message}.` });
  });
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  throw refusalOf(url, response.status, answer);
}

function refusalOf(url: string, status: number, answer: unknown): Error {
  const read = failure.safeParse(answer);
  if (!read.success) {
    const message = `${url} answered ${status}, and is perhaps no server of ours.`;
    return new Unanswered({ ...UNREACHABLE, message });
  }
  const { error } = read.data;
  if (status === 401) return new Unanswered({ ...error, hint: TOKEN_HINT });
  if (error.code === 'ERR_HTTP_NOT_FOUND')
    return new Unanswered({
      ...error,
      message: `${url} does not know this command: it may run another version.`,
    });
  const kind = KINDS[status];
  return kind ? new OperationRefused(kind, error) : new Unanswered(error);
}
