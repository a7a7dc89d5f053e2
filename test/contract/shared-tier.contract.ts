import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  sharedTierContract as contract,
  type SharedTierUnderTest,
} from '../../lib/testing/contracts/shared-tier.contract.js';

export type { SharedTierUnderTest };

export const sharedTierContract = (name: string, open: () => Promise<SharedTierUnderTest>): void =>
  contract({ describe, it, beforeEach, afterEach, expect }, name, open);
