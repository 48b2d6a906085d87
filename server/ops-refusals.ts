/** How the HTTP API answers an operation that is not done. */
import { explain, type FailureKind } from '../ops/failures';
import { Refusal } from './errors';

const STATUS: Record<FailureKind, number> = {
  ...{ wrong_input: 400, unknown: 404, refused: 409 },
  ...{ podium: 502, away: 503 },
};

/** What an operator can do something about is said; the rest is an accident. @throws always */
export function refuse(error: unknown): never {
  const explained = explain(error);
  throw explained ? new Refusal(STATUS[explained.kind], explained.failure) : error;
}
