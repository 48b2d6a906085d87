/** What happened in a customer's chats, in order. */
import { z } from 'zod';
import { e164, locationInput, operation, phoneInput, time } from '../operation';
import { timelineOf } from '../timeline';
import { sessionTools } from './sessions';

export const showTimeline = operation({
  name: 'timeline',
  summary:
    "Everything of a customer's chats in order: what came in, what the workflow did, what was sent or held back",
  input: z.strictObject({ phone: phoneInput, location_uid: locationInput.optional() }),
  output: z.object({
    phone: z.string(),
    entries: z.array(
      z.object({
        at: time,
        kind: z.enum(['event', 'workflow', 'signal', 'timer', 'audit', 'note', 'due']),
        location_uid: z.string().nullable(),
        words: z.string(),
      }),
    ),
    unknown: z.array(z.string()).describe('What could not be looked at, in sentences'),
  }),
  async run(tools, { phone: given, location_uid: locationUid }) {
    const phone = e164(given);
    const { idKeys } = tools.environment('idKeys');
    const timelineTools = { ...sessionTools(tools), settings: tools.settings, idKeys };
    return { phone, ...(await timelineOf(timelineTools, phone, locationUid ?? null)) };
  },
});
