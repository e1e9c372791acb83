import type { TestContext } from 'node:test';

/**
 * For sound recorded in real time: the far ends are programs without any claim to the processor, and another one's load can spoil
 * a recording. What is tried must hold whole in one of `times`; every try that failed is told, and none is silently passed over.
 */
export async function inOneOf(times: number, t: TestContext, what: () => Promise<void>): Promise<void> {
  for (let left = times; ; left--) {
    try {
      return await what();
    } catch (error) {
      if (left <= 1) throw error;
      t.diagnostic(`tried again: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
