import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { journalContract as contract, type JournalUnderTest } from '../../lib/testing/contracts/journal.contract.js';

export type { JournalUnderTest };

export const journalContract = (
  name: string,
  open: () => Promise<JournalUnderTest>,
  options: { readonly isShared: boolean },
): void => contract({ describe, it, beforeEach, afterEach, expect }, name, open, options);
