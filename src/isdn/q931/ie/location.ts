/** Where something was generated: Q.850 §2.2.2, shared by cause and progress indicator. */
import { codeTable } from './names.ts';

export type CauseLocation =
  | 'user'
  | 'private-local'
  | 'public-local'
  | 'transit'
  | 'public-remote'
  | 'private-remote'
  | 'international'
  | 'beyond';

export const locations = codeTable<CauseLocation>({
  user: 0,
  'private-local': 1,
  'public-local': 2,
  transit: 3,
  'public-remote': 4,
  'private-remote': 5,
  international: 7,
  beyond: 10,
});
