/** Recordings that callers may be sent to. */
import { z } from 'zod';
import { id, text } from './fields.ts';

export const announcement = z.strictObject({
  id,
  name: text.optional(),
  file: z
    .string()
    .min(1)
    .max(512)
    .regex(/^\P{Cc}*$/u, 'must be one line without control characters')
    .describe(
      'A WAV file of one channel at 8000 Hz, of 16 bits or G.711, at most 45 s; read when a configuration is put into force, so that a new recording needs a new name',
    ),
  answers: z
    .boolean()
    .default(false)
    .describe('Whether the call is answered for it; otherwise it is heard before any answer, free of charge'),
  times: z.int().min(1).max(3).default(1).describe('How often it is played'),
  cause: z
    .int()
    .min(1)
    .max(127)
    .optional()
    .describe('Cause with which the caller is released afterwards (Q.850); 16 after an answer, else 31'),
});
