/** What sessions are searched by, made in Temporal. */
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../core/search-attributes';

const { IndexedValueType } = temporal.api.enums.v1;
const TYPES = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
};
type Name = keyof typeof SEARCH_ATTRIBUTES;
const NAMES = Object.keys(SEARCH_ATTRIBUTES) as Name[];

const CALL_DEADLINE_MS = 10_000;
/** Of grpc: who asks may not, or nobody answers such a call. So Temporal Cloud does for all of its namespaces. */
const [INVALID_ARGUMENT, PERMISSION_DENIED, UNIMPLEMENTED] = [3, 7, 12];

/**
 * Makes the search attributes that are missing. Safe to repeat.
 * @returns the names of those made
 * @throws Error that says which are missing, and how to make them, where Temporal lets no client do it
 */
export async function ensureSearchAttributes(client: Client): Promise<string[]> {
  try {
    return await makeMissing(client);
  } catch (error) {
    if (!isGrpcServiceError(error) || ![PERMISSION_DENIED, UNIMPLEMENTED].includes(error.code)) throw error;
    await expectAll(client);
    return [];
  }
}

async function makeMissing(client: Client): Promise<Name[]> {
  const { namespace } = client.options;
  const { operatorService } = client.connection;
  const call = <T>(work: () => Promise<T>) => client.withDeadline(Date.now() + CALL_DEADLINE_MS, work);
  const answer = await call(() => operatorService.listSearchAttributes({ namespace }));
  const there: Record<string, temporal.api.enums.v1.IndexedValueType> = answer.customAttributes;
  const wrong = NAMES.filter((name) => there[name] !== undefined && there[name] !== typeOf(name));
  if (wrong.length > 0)
    throw new Error(`The namespace ${namespace} has ${listed(wrong)} with another type. Remove them first.`);
  const missing = NAMES.filter((name) => there[name] === undefined);
  if (missing.length === 0) return [];
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, typeOf(name)]));
  await call(() => operatorService.addSearchAttributes({ namespace, searchAttributes }));
  return missing;
}

/** Where the list of attributes is not for clients, a query tells whether one is there. */
async function expectAll(client: Client): Promise<void> {
  const { namespace } = client.options;
  const missing: Name[] = [];
  for (const name of NAMES) if (!(await canBeQueried(client, name))) missing.push(name);
  if (missing.length === 0) return;
  const options = missing.map((name) => `--sa "${name}=${SEARCH_ATTRIBUTES[name]}"`).join(' ');
  throw new Error(
    `Temporal lets no client make search attributes here, and ${listed(missing)} are missing. In Temporal Cloud: ` +
      `tcld namespace search-attributes add --namespace ${namespace} ${options}`,
  );
}

async function canBeQueried(client: Client, name: Name): Promise<boolean> {
  try {
    await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
      client.workflow.count(`${name} is not null`),
    );
    return true;
  } catch (error) {
    if (
      error instanceof Error &&
      isGrpcServiceError(error.cause) &&
      Number(error.cause.code) === INVALID_ARGUMENT
    )
      return false;
    throw error;
  }
}

function typeOf(name: Name) {
  return TYPES[SEARCH_ATTRIBUTES[name]];
}

function listed(names: Name[]): string {
  return names.map((name) => `${name} (${SEARCH_ATTRIBUTES[name]})`).join(', ');
}
