import { z } from 'zod';

/** What a stranger may send before he is no longer listened to. */
export const flood = z.strictObject({
  messagesPerSecond: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('SIP messages that one source may send in the long run; peers are not counted'),
  burst: z.int().min(10).max(100_000).default(1000).describe('Messages at once'),
  failedDigest: z.int().min(1).max(1000).default(100).describe('What a wrong password counts, in messages'),
  banSeconds: z.int().min(1).max(3600).default(60).describe('The first ban; each one more is twice as long'),
  longestBanMinutes: z.int().min(1).max(1440).default(60),
  sources: z.int().min(16).max(100_000).default(4096).describe('Sources remembered at once'),
});
