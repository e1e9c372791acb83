import type { Problem } from './problem.ts';
import type { Site } from './schema.ts';

export function crossCheck(_site: Site): readonly Problem[] {
  return [];
}
