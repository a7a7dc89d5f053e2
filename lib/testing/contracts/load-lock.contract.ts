import type { LoadLock } from '../../coalescing/load-lock.interface.js';
import type { EntryAddress } from '../../entry/entry-address.js';
import type { TestFunctions } from './test-functions.js';

export interface LoadLockUnderTest {
  readonly lock: LoadLock;
  /** Whether only one at a time gets the right to load a key. */
  readonly exclusive: boolean;
  /** Puts bytes where the lock looks them up, where it looks at all. */
  readonly store?: (address: EntryAddress, bytes: Buffer) => Promise<void>;
  readonly dispose?: () => Promise<void>;
}

const address = (key: string, cache = 'users'): EntryAddress => ({ cache, schema: 1, key });

/**
 * What every load lock has to do.
 *
 * @example loadLockContract({ describe, it, beforeEach, afterEach, expect }, 'etcd', open, { looksUp: true })
 */
export function loadLockContract(
  { describe, it, beforeEach, afterEach, expect }: TestFunctions,
  name: string,
  open: () => Promise<LoadLockUnderTest>,
  { looksUp }: { readonly looksUp: boolean },
): void {
  describe(`the load lock contract: ${name}`, () => {
    let under: LoadLockUnderTest;
    let lock: LoadLock;

    beforeEach(async () => {
      under = await open();
      lock = under.lock;
    });

    afterEach(async () => {
      await under.dispose?.();
    });

    it('gives the right to load to whoever comes first', async () => {
      const { lease, found } = await lock.tryAcquire(address('7'));

      expect(lease === undefined).toBe(false);
      expect(found).toBe(undefined);
      await lease!.release();
    });

    it('gives it again once it is given back', async () => {
      const first = await lock.tryAcquire(address('7'));
      await first.lease!.release();

      const second = await lock.tryAcquire(address('7'));

      expect(second.lease === undefined).toBe(false);
      await second.lease!.release();
    });

    it('gives it for each key by itself', async () => {
      const attempts = await Promise.all(
        [
          ['users', '7'],
          ['users', '8'],
          ['bills', '7'],
          ['users', ''],
          ['users', 'ä:{7}'],
        ].map(([cache, key]) => lock.tryAcquire(address(key!, cache))),
      );

      expect(attempts.every(({ lease }) => lease !== undefined)).toBe(true);
      await Promise.all(attempts.map(({ lease }) => lease!.release()));
    });

    it('may be given back twice, without taking it from the next one', async () => {
      const first = await lock.tryAcquire(address('7'));
      await first.lease!.release();
      const second = await lock.tryAcquire(address('7'));
      await first.lease!.release();

      const third = await lock.tryAcquire(address('7'));

      expect(third.lease === undefined).toBe(under.exclusive);
      await second.lease!.release();
      await third.lease?.release();
    });

    it('lets at least one of many who come at once load, and where it is exclusive only one', async () => {
      const attempts = await Promise.all(Array.from({ length: 10 }, () => lock.tryAcquire(address('7'))));
      const leases = attempts.flatMap(({ lease }) => (lease === undefined ? [] : [lease]));

      expect(leases.length).toBe(under.exclusive ? 1 : 10);
      await Promise.all(leases.map((lease) => lease.release()));
    });

    it('gives the rights to load several keys at once, as far as nobody has them', async () => {
      const single = await lock.tryAcquire(address('8'));
      const addresses = ['7', '8', 'ä:{7}'].map((key) => address(key));

      const first = await lock.tryAcquireMany(addresses);
      const second = await lock.tryAcquireMany(addresses);

      expect(first.acquired).toEqual([true, !under.exclusive, true]);
      expect(first.found).toEqual([undefined, undefined, undefined]);
      expect(second.acquired).toEqual(addresses.map(() => !under.exclusive));
      expect(second.lease === undefined).toBe(under.exclusive);
      await first.lease!.release();
      const third = await lock.tryAcquireMany(addresses);
      expect(third.acquired).toEqual([true, !under.exclusive, true]);
      await Promise.all([single, second, third].map(async ({ lease }) => lease?.release()));
    });

    if (looksUp) {
      it('finds what somebody stored meanwhile', async () => {
        await under.store!(address('7'), Buffer.from('entry'));

        const { lease, found } = await lock.tryAcquire(address('7'));

        expect(found).toEqual(Buffer.from('entry'));
        await lease?.release();
        const many = await lock.tryAcquireMany([address('8'), address('7')]);
        expect(many.found).toEqual([undefined, Buffer.from('entry')]);
        await many.lease?.release();
      });
    }
  });
}
