/** Which store somebody on call means: by the uid of its Podium location, or by its name. */
import { failure } from '../core/error-codes';
import { isLocationOnRecord, listLocations, type StoredLocation } from '../store/locations';
import { storable } from '../store/text';
import { OperationRefused, type OpsTools } from './operation';

/** What is known of a store: of one that is not on the list nothing but its uid. */
export type NamedStore = StoredLocation | { uid: string; country: null };

const WHERE_THEY_ARE = '"locations list" shows names and uids.';
const MOST_SUGGESTED = 3;
/** Few slips of the pen are in the first letters of all words. */
const FIRST_LETTERS = 3;

/** The uid of the store that is meant, null where none is named. @throws OperationRefused as `findStore` does */
export async function storeMeant(
  tools: Pick<OpsTools, 'pool'>,
  store: string | undefined,
): Promise<string | null> {
  return store === undefined ? null : (await findStore(tools, store)).uid;
}

/**
 * The store of this uid, or the only one of this name, in whatever case. What is on record is found by its uid, too,
 * though the list does not have it: its chats and events can still be looked at.
 * @throws OperationRefused `ERR_WEBCHAT_003`, or `ERR_OPS_WHICH_STORE` for the name of several
 */
export async function findStore({ pool }: Pick<OpsTools, 'pool'>, given: string): Promise<NamedStore> {
  const known = await listLocations(pool);
  const byUid = known.find(({ uid }) => uid === given);
  if (byUid) return byUid;
  const [named, ...others] = withName(known, given);
  if (named && others.length > 0)
    throw new OperationRefused('wrong_input', {
      code: 'ERR_OPS_WHICH_STORE',
      message: `Several stores have this name: ${inWords([named, ...others])}.`,
      hint: 'Give the uid of the one that is meant.',
    });
  if (named) return named;
  // Nobody can tell while no list was ever read.
  if (known.length === 0 || (await isLocationOnRecord(pool, storable(given))))
    return { uid: given, country: null };
  const near = nearTo(given, known);
  const isIt = near.length > 0 ? `Is it ${inWords(near)}? ` : '';
  const hint = `${isIt}${WHERE_THEY_ARE}`;
  throw new OperationRefused('unknown', failure('ERR_WEBCHAT_003', { hint }));
}

/** As it stands on the list. @throws OperationRefused `ERR_WEBCHAT_003` where it does not: nothing new begins there */
export function asListed(store: NamedStore): StoredLocation {
  if ('name' in store) return store;
  throw new OperationRefused('unknown', failure('ERR_WEBCHAT_003', { hint: WHERE_THEY_ARE }));
}

/** Served ones, or else archived ones. */
function withName(known: StoredLocation[], name: string): StoredLocation[] {
  const named = known.filter((each) => folded(each.name) === folded(name));
  const served = named.filter(({ archived }) => !archived);
  return served.length > 0 ? served : named;
}

/** Those with a word, or a uid, that begins as one of the given does. */
function nearTo(given: string, known: StoredLocation[]): StoredLocation[] {
  const wanted = beginningsOf(given);
  const isNear = ({ uid, name }: StoredLocation) =>
    uid.slice(0, 8) === given.slice(0, 8) || beginningsOf(name).some((word) => wanted.includes(word));
  return known.filter(isNear).slice(0, MOST_SUGGESTED);
}

const beginningsOf = (name: string): string[] =>
  folded(name)
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => word.slice(0, FIRST_LETTERS))
    .filter((word) => word.length === FIRST_LETTERS);

const folded = (name: string): string => name.trim().replace(/\s+/g, ' ').toLowerCase();

const inWords = (stores: StoredLocation[]): string =>
  stores.map(({ uid, name, archived }) => `${name} (${archived ? 'archived, ' : ''}${uid})`).join(' or ');
