/** Which message is dealt with just now, by the id of its trace: logs tell it, and what follows from it is told it. */
import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<string | undefined>();

/** @returns undefined where no message is dealt with, or nobody knows which one */
export const currentTraceId = (): string | undefined => current.getStore();

/** Does what belongs to a message, with all that it awaits. */
export const dealingWith = <T>(traceId: string, work: () => T): T => current.run(traceId, work);

/** Does what belongs to no message, though it may come up while one is dealt with. */
export const apart = <T>(work: () => T): T => current.run(undefined, work);
