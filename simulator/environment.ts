import { z } from 'zod';
import type { SimulatorOptions } from './simulator';

const environmentSchema = z
  .object({
    PORT: z.coerce.number().int().min(0).max(65_535).default(0),
    SIMULATOR_CONTRACT: z.enum(['published', 'skill']).default('published'),
    SIMULATOR_WEBHOOK_URL: z.url().optional(),
    SIMULATOR_WEBHOOK_SECRET: z.string().min(1).optional(),
    SIMULATOR_CLIENT_ID: z.string().min(1).default('simulator-client'),
    SIMULATOR_CLIENT_SECRET: z.string().min(1).default('simulator-secret'),
    SIMULATOR_REFRESH_TOKEN: z.string().min(1).default('simulator-refresh-token'),
    SIMULATOR_TIME_SCALE: z.coerce.number().positive().default(1),
    SIMULATOR_STATE_FILE: z.string().min(1).optional(),
  })
  .refine((env) => !env.SIMULATOR_WEBHOOK_URL || env.SIMULATOR_WEBHOOK_SECRET, {
    path: ['SIMULATOR_WEBHOOK_SECRET'],
    message: 'is needed with SIMULATOR_WEBHOOK_URL',
  });

/** Reads the simulator's options. Throws one error that names every wrong value. */
export function readEnvironment(env: NodeJS.ProcessEnv): SimulatorOptions {
  const result = environmentSchema.safeParse(env);
  if (!result.success) {
    throw new Error(
      result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'),
    );
  }
  const read = result.data;
  return {
    port: read.PORT,
    contract: read.SIMULATOR_CONTRACT,
    credentials: {
      clientId: read.SIMULATOR_CLIENT_ID,
      clientSecret: read.SIMULATOR_CLIENT_SECRET,
      refreshToken: read.SIMULATOR_REFRESH_TOKEN,
    },
    webhook:
      read.SIMULATOR_WEBHOOK_URL && read.SIMULATOR_WEBHOOK_SECRET
        ? { url: read.SIMULATOR_WEBHOOK_URL, secret: read.SIMULATOR_WEBHOOK_SECRET }
        : null,
    timeScale: read.SIMULATOR_TIME_SCALE,
    stateFile: read.SIMULATOR_STATE_FILE ?? null,
  };
}
