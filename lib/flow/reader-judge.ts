import type { CacheEntry } from '../entry/cache-entry.js';
import type { JournalReplica } from '../journal/journal-replica.js';
import { freshnessOf, type Freshness } from '../policy/freshness.js';
import type { FlightResult, LoadFlight } from './cache-region.js';
import type { EngineParts } from './engine-parts.js';
import type { ReadOutcome } from './outcome.js';
import type { Reader } from './reader.js';

const UNLIMITED = { answersForMs: Number.POSITIVE_INFINITY, maxAgeMs: Number.POSITIVE_INFINITY };

/** Says what entries and flights are good for, to one reader and at this moment. Decides without doing. */
export class ReaderJudge {
  readonly #replica: JournalReplica;

  constructor(private readonly parts: EngineParts) {
    this.#replica = parts.journal.replica;
  }

  /** Whether something it is about was invalidated since it began: then waiting for it would be in vain. */
  isOvertaken({ begun }: LoadFlight): boolean {
    const { version } = this.#replica;
    if (begun === undefined || begun.judgedAt === version) return false;
    const { mark, tags } = begun;
    const verdict = this.#replica.judge({ ...mark, ownRecord: 0, tags }, mark.sequence);
    if (verdict === 'fresh') begun.judgedAt = version;
    return verdict !== 'fresh';
  }

  /** What an entry is good for, to this reader and at this moment. */
  assess(entry: CacheEntry, { request, strong, confirmed, transaction }: Reader, now: number): Freshness {
    if (strong && !confirmed) return 'dead';
    if (now >= entry.idleUntil) return 'dead';
    if (transaction?.touches(entry.header.tags) === true) return 'dead';
    const isTrusted = confirmed && this.#replica.trusts(now);
    if (!isTrusted && !this.#hasAge(entry)) return 'dead';
    const verdict = this.#replica.judge(entry.header, entry.sequence);
    return freshnessOf(entry.header, verdict, now, {
      // inside a transaction nothing old is given out either: nobody is there to refresh it
      strong: strong || transaction !== undefined,
      graceRevalidateMs: request.options.graceRevalidateMs,
      graceErrorMs: request.options.graceErrorMs,
      ...(isTrusted ? UNLIMITED : this.parts.degraded),
    });
  }

  /** Whether its times and the clock of now can be compared. */
  #hasAge({ order }: CacheEntry): boolean {
    return order >= this.#replica.agesKnownFrom;
  }

  /** The old value, judged now, for a loader that failed or is slow. */
  standIn(flight: LoadFlight | undefined, reader: Reader): ReadOutcome | undefined {
    const now = this.parts.runtime.now();
    for (const entry of [reader.region.memory.find(reader.key), flight?.old]) {
      if (entry === undefined) continue;
      const freshness = this.assess(entry, reader, now);
      if (freshness !== 'dead') return { kind: freshness === 'fresh' ? 'l1' : 'stale', entry };
    }
    return undefined;
  }

  /** The answer in what a flight brought, if it is one for this reader; its leader takes what it loaded itself. */
  accept(result: FlightResult, reader: Reader, leads: boolean): ReadOutcome | undefined {
    const { entry, source } = result;
    if (entry === undefined) return undefined;
    if (source === 'l2') {
      const freshness = this.assess(entry, reader, this.parts.runtime.now());
      if (freshness === 'fresh') return { kind: 'l2', entry };
      if (freshness !== 'dead') return { kind: 'stale', entry };
      return undefined;
    }
    const kind = source === 'ids' ? 'absent' : leads ? 'loaded' : 'joined';
    if (leads) return { kind, entry };
    return this.#isGoodForJoiner(entry, reader) ? { kind, entry } : undefined;
  }

  #isGoodForJoiner(entry: CacheEntry, { strong, confirmed, mark }: Reader): boolean {
    if (entry.personal) return false;
    const replica = this.#replica;
    if (replica.judge(entry.header, entry.sequence) !== 'fresh') return false;
    const begunAfter = entry.sequence > mark.sequence;
    if (strong) {
      if (entry.tainted) return false;
      // a load that began later may still have taken older parts from a cache
      if (!confirmed) return begunAfter && entry.header.asOf >= mark.at;
      return begunAfter || this.parts.runtime.now() < entry.header.staleAt;
    }
    if (confirmed) return true;
    // nobody knows what was invalidated elsewhere: only a load that is young enough will do
    const youngEnough = this.#hasAge(entry) && entry.header.asOf >= mark.at - this.parts.maxStalenessMs;
    return begunAfter || (youngEnough && entry.sequence > replica.lastOwnInvalidation);
  }
}
