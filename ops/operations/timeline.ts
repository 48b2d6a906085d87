/** What happened in a customer's chats, in order. */
import { z } from 'zod';
import { customerMeant } from '../customer-meant';
import { storeNames } from '../../store/locations';
import { failureOutput, operation, phoneAtStoreInput, storeInput, time } from '../operation';
import { timelineOf } from '../timeline';
import { sessionTools } from './sessions';

export const showTimeline = operation({
  name: 'timeline',
  summary:
    "Everything of a customer's chats in order: what came in, what the workflow did, what was sent or held back",
  input: z.strictObject({ phone: phoneAtStoreInput, location_uid: storeInput.optional() }),
  output: z.object({
    phone: z.string(),
    entries: z.array(
      z.object({
        at: time,
        kind: z.enum(['event', 'workflow', 'signal', 'timer', 'audit', 'note', 'wait', 'due']),
        location_uid: z.string().nullable(),
        location: z.string().nullable().describe("The store's name"),
        words: z.string(),
      }),
    ),
    codes: z.array(failureOutput).describe('The codes among them, with what is to be done'),
    unknown: z.array(z.string()).describe('What could not be looked at, in sentences'),
  }),
  async run(tools, input) {
    const { phone, locationUid } = await customerMeant(tools, input);
    const { entries, ...found } = await timelineOf(await sessionTools(tools), phone, locationUid);
    const names = await storeNames(tools.pool);
    const named = entries.map((entry) => ({
      ...entry,
      location: names.get(entry.location_uid ?? '') ?? null,
    }));
    return { phone, entries: named, ...found };
  },
});
