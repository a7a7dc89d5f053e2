import type { EntryAddress } from '../../entry/entry-address.js';
import type { SharedTier } from '../../tiers/tier.interface.js';
import type { TestFunctions } from './test-functions.js';

export interface SharedTierUnderTest {
  readonly tier: SharedTier;
  /** Lets time pass for what expires. */
  readonly elapse: (ms: number) => Promise<void>;
  readonly dispose?: () => Promise<void>;
}

const address = (key: string, cache = 'users', schema = 1): EntryAddress => ({ cache, schema, key });
const HOUR = 3_600_000;

/** Bytes that a store may be tempted to change. */
const BYTES: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['bytes', Buffer.from([0, 1, 10, 13, 127, 128, 255, 0])],
  ['no bytes', Buffer.alloc(0)],
  ['many bytes', Buffer.alloc(300_000, 7)],
];

/**
 * What every store outside the process has to do.
 *
 * @example sharedTierContract({ describe, it, beforeEach, afterEach, expect }, 'memcached', open)
 */
export function sharedTierContract(
  { describe, it, beforeEach, afterEach, expect }: TestFunctions,
  name: string,
  open: () => Promise<SharedTierUnderTest>,
): void {
  describe(`the shared tier contract: ${name}`, () => {
    let under: SharedTierUnderTest;
    let tier: SharedTier;

    beforeEach(async () => {
      under = await open();
      tier = under.tier;
    });

    afterEach(async () => {
      await under.dispose?.();
    });

    it('is there', async () => {
      expect(tier.present).toBe(true);
    });

    it('gives undefined for what isn’t there', async () => {
      expect(await tier.get(address('7'))).toBe(undefined);
      expect(await tier.getMany([address('7'), address('8')])).toEqual([undefined, undefined]);
    });

    for (const [what, bytes] of BYTES) {
      it(`gives back ${what} as they were`, async () => {
        await tier.set(address('7'), bytes, HOUR);

        const found = await tier.get(address('7'));

        expect(found?.toString('base64')).toBe(bytes.toString('base64'));
      });
    }

    it('keeps its own copy', async () => {
      const bytes = Buffer.from('abc');
      await tier.set(address('7'), bytes, HOUR);
      bytes.fill(0);
      const first = await tier.get(address('7'));
      first!.fill(0);

      expect(await tier.get(address('7'))).toEqual(Buffer.from('abc'));
    });

    it('replaces what was there', async () => {
      await tier.set(address('7'), Buffer.from('old'), HOUR);
      await tier.set(address('7'), Buffer.from('new'), HOUR);

      expect(await tier.get(address('7'))).toEqual(Buffer.from('new'));
    });

    it('keeps addresses apart by cache, schema and key, whatever is in them', async () => {
      const addresses = [
        address('7'),
        address('7', 'bills'),
        address('7', 'users', 2),
        address('7:8'),
        address('8', 'users:7'),
        address(''),
        address('v1:7'),
        address('{7}'),
        address('a b\n\r\u0000'),
        address('ä😀'),
        address('*'),
      ];
      for (const [index, each] of addresses.entries()) await tier.set(each, Buffer.from(`${index}`), HOUR);

      const found = await tier.getMany(addresses);

      expect(found.map(String)).toEqual(addresses.map((_each, index) => `${index}`));
    });

    it('answers many in the order they were asked for, some of them missing, some twice', async () => {
      await tier.set(address('a'), Buffer.from('1'), HOUR);
      await tier.set(address('b'), Buffer.from('2'), HOUR);

      const found = await tier.getMany(['b', 'x', 'a', 'b'].map((key) => address(key)));

      expect(found).toEqual([Buffer.from('2'), undefined, Buffer.from('1'), Buffer.from('2')]);
      expect(await tier.getMany([])).toEqual([]);
    });

    it('keeps many at once, each for its own time', async () => {
      const entries = BYTES.map(([what, bytes]) => ({ address: address(what), bytes, ttlMs: HOUR }));
      await tier.setMany([...entries, { address: address('brief'), bytes: Buffer.from('1'), ttlMs: 60 }]);
      await under.elapse(100);

      const found = await tier.getMany([...entries.map((entry) => entry.address), address('brief')]);

      const expected = [...entries.map(({ bytes }) => bytes.toString('base64')), undefined];
      expect(found.map((bytes) => bytes?.toString('base64'))).toEqual(expected);
      await tier.setMany([]);
    });

    it('forgets what is deleted, and deletes what isn’t there', async () => {
      await tier.set(address('7'), Buffer.from('1'), HOUR);
      await tier.set(address('8'), Buffer.from('2'), HOUR);
      await tier.delete(address('7'));
      await tier.delete(address('7'));

      expect(await tier.getMany([address('7'), address('8')])).toEqual([undefined, Buffer.from('2')]);
    });

    it('keeps what is prolonged for so long from then on, and prolongs what isn’t there to no effect', async () => {
      await tier.set(address('7'), Buffer.from('1'), 60);
      await tier.set(address('8'), Buffer.from('2'), HOUR);
      await tier.prolong(address('7'), HOUR);
      await tier.prolong(address('8'), 60);
      await tier.prolong(address('9'), HOUR);
      await under.elapse(100);

      const found = await tier.getMany([address('7'), address('8'), address('9')]);
      expect(found).toEqual([Buffer.from('1'), undefined, undefined]);
    });

    it('forgets what has expired, counted from the last write', async () => {
      await tier.set(address('7'), Buffer.from('1'), 60);
      await tier.set(address('8'), Buffer.from('1'), 60);
      await tier.set(address('8'), Buffer.from('2'), HOUR);
      await under.elapse(100);

      expect(await tier.getMany([address('7'), address('8')])).toEqual([undefined, Buffer.from('2')]);
    });
  });
}
