import { z } from 'zod';
import type { PartialState } from './session';

const schema = z.object({
  answers: z.array(z.object({ questionId: z.string(), label: z.string(), value: z.string() })),
  waitingFor: z.string().nullable(),
  askedAgain: z.boolean(),
});

/** Whether what was stored can be given back as answers. Not for workflows: they get what has passed it. */
export function isPartialState(stored: unknown): stored is PartialState {
  return schema.safeParse(stored).success;
}
