import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  loadLockContract as contract,
  type LoadLockUnderTest,
} from '../../lib/testing/contracts/load-lock.contract.js';

export type { LoadLockUnderTest };

export const loadLockContract = (
  name: string,
  open: () => Promise<LoadLockUnderTest>,
  options: { readonly looksUp: boolean },
): void => contract({ describe, it, beforeEach, afterEach, expect }, name, open, options);
