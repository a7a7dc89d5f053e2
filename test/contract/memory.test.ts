import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryLoadLock } from '../../lib/coalescing/memory.load-lock.js';
import { MemoryJournal } from '../../lib/journal/memory.journal.js';
import { journalContract } from '../../lib/testing/contracts/journal.contract.js';
import { loadLockContract } from '../../lib/testing/contracts/load-lock.contract.js';
import { sharedTierContract } from '../../lib/testing/contracts/shared-tier.contract.js';
import { NO_SHARED_TIER } from '../../lib/tiers/tier.interface.js';
import { MapTier } from '../support/map-tier.js';

const test = { describe, it, beforeEach, afterEach, expect };

journalContract(test, 'in memory', () => Promise.resolve({ journal: new MemoryJournal(1_000) }), { isShared: false });

loadLockContract(test, 'in memory', () => Promise.resolve({ lock: new MemoryLoadLock(), exclusive: false }), {
  looksUp: false,
});

sharedTierContract(test, 'a Map', () => {
  let time = 0;
  return Promise.resolve({
    tier: new MapTier(() => time),
    elapse: (ms) => {
      time += ms;
      return Promise.resolve();
    },
  });
});

describe('no shared tier', () => {
  const address = { cache: 'users', schema: 1, key: '7' };

  it('is absent and holds nothing', async () => {
    await NO_SHARED_TIER.set(address, Buffer.from('1'), 1_000);
    await NO_SHARED_TIER.delete(address);

    expect(NO_SHARED_TIER.present).toBe(false);
    expect(await NO_SHARED_TIER.get(address)).toBeUndefined();
    expect(await NO_SHARED_TIER.getMany([address, address])).toEqual([undefined, undefined]);
  });
});

describe('a journal in memory', () => {
  it('begins an epoch of its own, so that no entry of another process run counts', () => {
    const [first, second] = [new MemoryJournal(10), new MemoryJournal(10)];

    expect(first.replica.epoch).not.toBe(second.replica.epoch);
    expect(new MemoryJournal(10, 'given').replica.epoch).toBe('given');
  });

  it('is trusted at any time', () => {
    const { replica } = new MemoryJournal(10);

    expect([0, Date.now(), Number.MAX_SAFE_INTEGER].map((now) => replica.trusts(now))).toEqual([true, true, true]);
  });

  it('applies a record in the very call', () => {
    const journal = new MemoryJournal(10);
    void journal.append(['t:a']);

    expect(journal.replica.applied).toBe(1);
    expect(journal.replica.pendingTags).toBe(0);
  });
});
