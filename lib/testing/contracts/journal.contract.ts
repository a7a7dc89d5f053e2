import { softTag } from '../../entry/tags.js';
import type { Journal } from '../../journal/journal.interface.js';
import type { Judged } from '../../journal/journal-replica.js';
import type { TestFunctions } from './test-functions.js';

export interface JournalUnderTest {
  readonly journal: Journal;
  /** The journal of another process that shares the records, where there can be one. */
  readonly another?: Journal;
  /** Clears away what the test left behind. */
  readonly dispose?: () => Promise<void>;
}

/**
 * What every journal has to do; of a shared one, `open` gives the journal of another process as well.
 *
 * @example journalContract({ describe, it, beforeEach, afterEach, expect }, 'etcd', open, { isShared: true })
 */
export function journalContract(
  { describe, it, beforeEach, afterEach, expect }: TestFunctions,
  name: string,
  open: () => Promise<JournalUnderTest>,
  { isShared }: { readonly isShared: boolean },
): void {
  describe(`the journal contract: ${name}`, () => {
    let under: JournalUnderTest;
    let journal: Journal;

    beforeEach(async () => {
      under = await open();
      journal = under.journal;
    });

    afterEach(async () => {
      await journal.close();
      await under.another?.close();
      await under.dispose?.();
    });

    /** An entry whose load begins now. */
    const beginLoad = (of: Journal = journal, ...tags: string[]): [Judged, number] => {
      const { epoch, position, sequence } = of.replica.mark(0);
      return [{ epoch, position, ownRecord: 0, tags: tags.length === 0 ? ['*', 't:a'] : tags }, sequence];
    };

    it('counts an invalidation from the call on, before it is acknowledged', async () => {
      const before = beginLoad();
      const appending = journal.append(['t:a']);

      expect(journal.replica.judge(...before)).toBe('dead');
      await appending;
      expect(journal.replica.judge(...before)).toBe('dead');
    });

    it('leaves entries with other tags alone', async () => {
      const before = beginLoad(journal, '*', 't:b');
      await journal.append(['t:a']);

      expect(journal.replica.judge(...before)).toBe('fresh');
    });

    it('lets a load that begins after the acknowledgement and a confirmation be fresh', async () => {
      await journal.append(['t:a']);
      expect(await journal.confirm()).toBe(true);

      expect(journal.replica.judge(...beginLoad())).toBe('fresh');
    });

    it('says where the record is', async () => {
      const receipt = await journal.append(['t:a']);

      expect(receipt).toMatchObject({ status: 'applied', epoch: journal.replica.epoch });
      expect(receipt.status === 'applied' && receipt.fleetStalenessMs >= 0).toBe(true);
    });

    it('puts records one behind the other, also those of one turn in their order or together', async () => {
      const receipts = await Promise.all(['t:a', 't:b', 't:c'].map((tag) => journal.append([tag])));
      const later = await journal.append(['t:d']);
      const positions = [...receipts, later].map((receipt) =>
        receipt.status === 'applied' ? receipt.position : Number.NaN,
      );

      expect(positions).toEqual(positions.toSorted((a, b) => a - b));
      expect(positions[3]).toBeGreaterThan(positions[2]!);
      expect(positions[0]).toBeGreaterThan(0);
    });

    it('confirms up to everything that was acknowledged', async () => {
      const receipt = await journal.append(['t:a']);
      await journal.confirm();

      expect(receipt.status).toBe('applied');
      expect(journal.replica.applied).toBeGreaterThanOrEqual((receipt as { position: number }).position);
    });

    it('leaves nothing pending once everything is acknowledged', async () => {
      await Promise.all([journal.append(['t:a', 't:b']), journal.append(['t:a']), journal.append(['t:c'])]);

      expect(journal.replica.pendingTags).toBe(0);
    });

    it('knows soft records from hard ones', async () => {
      const before = beginLoad();
      await journal.append([softTag('t:a')]);
      expect(journal.replica.judge(...before)).toBe('soft');

      await journal.append(['t:a']);
      expect(journal.replica.judge(...before)).toBe('dead');
    });

    it('changes the version of its replica with every record', async () => {
      const { version } = journal.replica;
      await journal.append(['t:a']);

      expect(journal.replica.version === version).toBe(false);
    });

    it('tells how it is', async () => {
      await journal.append(['t:a']);
      await journal.confirm();
      const status = journal.status(Date.now());

      expect(status).toMatchObject({
        trusted: true,
        epoch: journal.replica.epoch,
        position: journal.replica.applied,
        lag: 0,
        queued: 0,
      });
      expect(status.confirmedAt).toBeLessThanOrEqual(Date.now());
      expect(status.kind.length).toBeGreaterThan(0);
    });

    it('may be closed twice, and doesn’t reject afterwards', async () => {
      await journal.close();
      await journal.close();

      expect(typeof (await journal.confirm())).toBe('boolean');
      expect(typeof (await journal.append(['t:a'])).status).toBe('string');
    });

    if (isShared) {
      it('makes what another process invalidated known after a confirmation', async () => {
        const another = under.another!;
        await another.confirm();
        const before = beginLoad(another);
        await journal.append(['t:a']);

        expect(await another.confirm()).toBe(true);
        expect(another.replica.epoch).toBe(journal.replica.epoch);
        expect(another.replica.judge(...before)).toBe('dead');
      });
    }
  });
}
