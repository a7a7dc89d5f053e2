import { describe, expect, it } from 'vitest';
import { MemoryLoadLock } from '../../lib/coalescing/memory.load-lock.js';
import type { EntryAddress } from '../../lib/entry/entry-address.js';
import { MemoryJournal } from '../../lib/journal/memory.journal.js';
import { journalContract } from '../../lib/testing/contracts/journal.contract.js';
import { loadLockContract } from '../../lib/testing/contracts/load-lock.contract.js';
import { sharedTierContract } from '../../lib/testing/contracts/shared-tier.contract.js';
import type { TestFunctions } from '../../lib/testing/contracts/test-functions.js';
import { MapTier } from '../support/map-tier.js';

type Step = () => Promise<void>;

/** Runs a contract without a test framework around it, and returns the sentences that don't hold. */
async function broken(contract: (test: TestFunctions) => void): Promise<string[]> {
  const tests: [sentence: string, test: Step][] = [];
  const [before, after]: [Step[], Step[]] = [[], []];
  contract({
    describe: (_subject, suite) => suite(),
    it: (sentence, test) => tests.push([sentence, test]),
    beforeEach: (step) => before.push(step),
    afterEach: (step) => after.push(step),
    expect,
  });
  expect(tests.length).toBeGreaterThan(4);
  const failed: string[] = [];
  for (const [sentence, test] of tests) {
    for (const step of before) await step();
    await test().catch(() => failed.push(sentence));
    for (const step of after) await step();
  }
  return failed;
}

describe('the shared tier contract, outside of a test framework', () => {
  const judge = (make: (now: () => number) => MapTier): Promise<string[]> =>
    broken((test) => {
      let time = 0;
      const elapse = async (ms: number): Promise<void> => void (time += ms);
      sharedTierContract(test, 'a Map', async () => ({ tier: make(() => time), elapse }));
    });

  it('holds of a store that is in order', async () => {
    expect(await judge((now) => new MapTier(now))).toEqual([]);
  });

  it('doesn’t hold of a store without expiry', async () => {
    expect(await judge(() => new MapTier(() => 0))).toEqual([
      'keeps many at once, each for its own time',
      'keeps what is prolonged for so long from then on, and prolongs what isn’t there to no effect',
      'forgets what has expired, counted from the last write',
    ]);
  });

  it('doesn’t hold of a store whose addresses can collide', async () => {
    class Colliding extends MapTier {
      override getMany(addresses: readonly EntryAddress[]): Promise<(Buffer | undefined)[]> {
        return super.getMany(addresses.map(joined));
      }
      override set(address: EntryAddress, bytes: Buffer, ttlMs: number): Promise<void> {
        return super.set(joined(address), bytes, ttlMs);
      }
      override get(address: EntryAddress): Promise<Buffer | undefined> {
        return super.get(joined(address));
      }
      override prolong(address: EntryAddress, ttlMs: number): Promise<void> {
        return super.prolong(joined(address), ttlMs);
      }
      override delete(address: EntryAddress): Promise<void> {
        return super.delete(joined(address));
      }
    }
    const joined = ({ cache, schema, key }: EntryAddress): EntryAddress => ({
      cache: `${cache}:${key}`,
      schema,
      key: '',
    });

    expect(await judge((now) => new Colliding(now))).toEqual([
      'keeps addresses apart by cache, schema and key, whatever is in them',
    ]);
  });
});

describe('the load lock contract, outside of a test framework', () => {
  it('doesn’t hold of a lock that says it is exclusive and isn’t', async () => {
    const sentences = await broken((test) =>
      loadLockContract(test, 'in memory', async () => ({ lock: new MemoryLoadLock(), exclusive: true }), {
        looksUp: false,
      }),
    );

    expect(sentences).toEqual([
      'may be given back twice, without taking it from the next one',
      'lets at least one of many who come at once load, and where it is exclusive only one',
      'gives the rights to load several keys at once, as far as nobody has them',
    ]);
  });
});

describe('the journal contract, outside of a test framework', () => {
  const judge = (make: () => MemoryJournal): Promise<string[]> =>
    broken((test) => journalContract(test, 'in memory', async () => ({ journal: make() }), { isShared: false }));

  it('holds of a journal that is in order', async () => {
    expect(await judge(() => new MemoryJournal(10))).toEqual([]);
  });

  it('doesn’t hold of a journal that counts a record only later', async () => {
    class Late extends MemoryJournal {
      override append(tags: readonly string[]): ReturnType<MemoryJournal['append']> {
        return Promise.resolve().then(() => super.append(tags));
      }
    }

    expect(await judge(() => new Late(10))).toEqual([
      'counts an invalidation from the call on, before it is acknowledged',
    ]);
  });
});
