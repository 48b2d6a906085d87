/** What happened in a customer's chats, in order. */
import { z } from 'zod';
import { customerMeant } from '../customer-meant';
import { operation, phoneAtStoreInput, storeInput, time } from '../operation';
import { timelineOf } from '../timeline';
import { idKeysOf } from '../used-keys';
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
        words: z.string(),
      }),
    ),
    codes: z
      .array(z.object({ code: z.string(), message: z.string(), hint: z.string() }))
      .describe('The codes among them, with what is to be done'),
    unknown: z.array(z.string()).describe('What could not be looked at, in sentences'),
  }),
  async run(tools, input) {
    const { phone, locationUid } = await customerMeant(tools, input);
    const timelineTools = {
      ...sessionTools(tools),
      ...{ settings: tools.settings, idKeys: await idKeysOf(tools) },
    };
    return { phone, ...(await timelineOf(timelineTools, phone, locationUid)) };
  },
});
