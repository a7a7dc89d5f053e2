import type { SpanAttributes } from '../cache.tracing.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { storedNumber, type LocalKey } from '../entry/key-encoding.js';
import type { BatchRequest } from '../flow/batch-request.js';
import type { CacheRegion } from '../flow/cache-region.js';
import type { Found } from '../flow/found.js';
import type { EngineParts } from '../flow/engine-parts.js';
import type { ReadManyFlow } from '../flow/read-many.flow.js';
import type { ReadOutcome } from '../flow/outcome.js';
import type { ReadFlow } from '../flow/read.flow.js';
import type { ReadRequest } from '../flow/reader.js';
import { LoadCollector, type LoadContext } from '../flow/load-collector.js';
import { currentScope, withScope, withSynchronousLoad, type Tally } from '../flow/scope.js';
import type { JournalReplica } from '../journal/journal-replica.js';
import { waitsWithoutEnd } from '../flow/waiting.js';
import type { MemoryPool } from '../tiers/memory-pool.js';
import type { MemoryTier } from '../tiers/memory.tier.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import { BatchReads, type Answers } from './batch-reads.js';
import { CacheStatistics, type CacheStatisticsSnapshot } from './cache-statistics.js';

/** Where the reads of one cache are taken in, counted and handed out. */
export class CacheDesk {
  readonly statistics = new CacheStatistics();
  /** Everything goes to the source: caching is disabled, or the application has shut down. */
  passThrough = false;
  /** Whether its keys are known without asking anybody, so that reads can take a short way. */
  readonly hasShortWay: boolean;
  /** Whether an entry in memory may be an answer without a closer look. */
  readonly hasHotPath: boolean;
  readonly #memory: MemoryTier;
  readonly #pool: MemoryPool | undefined;
  readonly #replica: JournalReplica;
  readonly #now: () => number;
  readonly #monotonic: () => number;
  readonly #batches: BatchReads;

  constructor(
    readonly region: CacheRegion,
    private readonly parts: EngineParts,
    private readonly reads: ReadFlow,
    readsOfMany: ReadManyFlow,
  ) {
    this.hasShortWay = region.options.scope === undefined;
    this.hasHotPath = this.hasShortWay && !region.options.read.strong;
    this.#memory = region.memory;
    this.#pool = region.memory.pool;
    this.#replica = parts.journal.replica;
    this.#now = parts.runtime.now;
    this.#monotonic = parts.runtime.monotonic;
    this.#batches = new BatchReads(this, parts, reads, readsOfMany);
  }

  /**
   * The hit that costs next to nothing: an entry found fresh under what the journal still says, looked up under its
   * bare key, with one comparison and one reading of the clock. No promise, closure or timer is made.
   * Counts the read if it is one; `undefined` means: ask properly. Not for callers inside a scope.
   */
  hot(key: LocalKey): CacheEntry | undefined {
    const entry = this.#memory.get(key);
    if (entry === undefined || (entry.judgedAt !== this.#replica.version && !this.#isStillFresh(entry)))
      return undefined;
    const now = this.#now();
    if (now >= entry.hotUntil || now >= this.#replica.trustedUntil || now < this.#replica.trustedFrom) return undefined;
    const { statistics } = this;
    statistics.reads++;
    statistics.l1++;
    this.#pool!.touch(entry);
    return entry;
  }

  /** The journal has moved since the entry was judged: once more, and it is hot again. */
  #isStillFresh(entry: CacheEntry): boolean {
    const { version } = this.#replica;
    const isFresh = this.#replica.judge(entry.header, entry.sequence) === 'fresh';
    if (isFresh) entry.judgedAt = version;
    return isFresh;
  }

  /**
   * Joins a load under way of somebody who asked with the same options, outside of scopes as well. What it brings is
   * judged once for all who joined like this, when it arrives; `undefined` then, and at once, means: ask properly.
   */
  join(key: LocalKey, options: ResolvedReadOptions): Promise<ReadOutcome | undefined> | undefined {
    const flight = this.region.flights.get(typeof key === 'number' ? storedNumber(key) : key);
    // what is traced goes the long way
    return flight === undefined || this.parts.tracing.tracer !== undefined
      ? undefined
      : this.reads.joinCrowd(flight, options);
  }

  /**
   * Looks into the shared tier, together with all who look for the same at this moment and outside of scopes; while the
   * journal is trusted, or for strong reads while it is being confirmed. `undefined` means: ask properly.
   */
  look(key: LocalKey, options: ResolvedReadOptions, strong = options.strong): Promise<Found> | undefined {
    if (!this.parts.shared.present || this.passThrough || !waitsWithoutEnd(options)) return undefined;
    if (this.parts.tracing.tracer !== undefined) return undefined;
    const stored = typeof key === 'number' ? storedNumber(key) : this.region.storedKey(key);
    if (stored === '') return undefined;
    const isRemembered = this.#memory.get(key) !== undefined;
    if (strong) {
      const mark = this.#replica.mark(this.#now());
      const begun = this.#monotonic();
      const confirming = this.parts.journal.confirm();
      // at the same time: whatever is found carries its own proof, which is looked at when both are there
      const look = isRemembered ? undefined : this.reads.sharedEntries.look(this.region, stored);
      return confirming.then((confirmed) => {
        const confirmation = { confirmed, mark };
        if (look === undefined) return { entry: this.#memory.get(key), tier: 'l1', begun, confirmation };
        if (look.found === undefined) return look.promise.then((found) => ({ ...found, begun, confirmation }));
        return { entry: look.found.entry, tier: 'l2', begun, confirmation };
      });
    }
    // what memory has may be an answer that needn't be waited for
    if (isRemembered || !this.#replica.trusts(this.#now())) return undefined;
    return this.reads.sharedEntries.look(this.region, stored).promise;
  }

  /** What was found, if it is fresh now: a read that is counted. `undefined` means: ask properly, and bring it along. */
  accept({ entry, tier, confirmation, begun }: Found): CacheEntry | undefined {
    const now = this.#now();
    if (entry === undefined || now >= entry.hotUntil || !this.#replica.trusts(now)) return undefined;
    if (confirmation?.confirmed === false || this.#replica.judge(entry.header, entry.sequence) !== 'fresh')
      return undefined;
    if (tier === 'l1') this.#pool!.touch(entry);
    else if (this.#pool !== undefined) this.#memory.put(entry);
    this.statistics.reads++;
    this.statistics[tier]++;
    if (begun !== undefined) this.statistics.readTimes.note(this.#monotonic() - begun);
    return entry;
  }

  /** Counts a read that joined, and hands out what it got. */
  handOut(outcome: ReadOutcome): unknown {
    this.statistics.reads++;
    this.statistics[outcome.kind]++;
    this.statistics.readTimes.note(outcome.ms ?? 0);
    if (!('entry' in outcome)) throw outcome.error;
    return this.unpack(outcome.entry);
  }

  /** The value of an entry, for one caller. */
  open(entry: CacheEntry): Promise<unknown> {
    return entry.promise ?? this.#unpackLater(entry);
  }

  // oxlint-disable-next-line require-await -- what decoding throws is the caller's rejection
  async #unpackLater(entry: CacheEntry): Promise<unknown> {
    return this.unpack(entry);
  }

  /** The same at once. @throws the error that was cached */
  unpack({ header, content }: CacheEntry): unknown {
    const { codec } = this.region;
    if (header.kind === 'error') throw codec.openError(content);
    return codec.open(content);
  }

  async read(request: ReadRequest): Promise<unknown> {
    if (this.isBypassed()) return this.askTheSource(request.load);
    return this.#deliver(await this.answer(request));
  }

  /** A read with everything that is known of its answer. Not where the source is to be asked. */
  answer(request: ReadRequest): Promise<ReadOutcome> {
    const tally = currentScope()?.tally;
    if (tally === undefined) return this.#counted(() => this.reads.read(request));
    return this.reads.read(request).then((outcome) => this.told(tally, request.key, outcome));
  }

  /** A read nobody asked for: whoever makes it wants what is fresh, and to know where it came from. */
  async told(tally: Tally, key: string, outcome: ReadOutcome): Promise<ReadOutcome> {
    const refresh = outcome.kind === 'stale' ? this.region.flights.get(key)?.promise : undefined;
    const end = refresh?.then(
      ({ source }) => (source === 'load' ? 'loaded' : 'l2'),
      () => 'error' as const,
    );
    tally(this.region.name, (await end) ?? outcome.kind);
    return outcome;
  }

  /** Whether reads go to the source, here and now. */
  isBypassed(): boolean {
    return this.passThrough || currentScope()?.bypass === true;
  }

  /** Calls a loader as if there were no cache, for so many reads. */
  askTheSource<T>(load: (context: LoadContext) => T, reads = 1): T {
    this.statistics.bypassed += reads;
    const { replica } = this.parts.journal;
    const context = new LoadCollector(
      replica,
      this.#now(),
      () => undefined,
      () => `cache ${this.region.name}`,
    );
    const scope = currentScope();
    // whatever the surrounding load makes of this, nobody could say when it goes stale
    scope?.load?.absorbUncached();
    return scope === undefined
      ? withSynchronousLoad(context, () => load(context))
      : withScope({ load: context }, () => load(context));
  }

  /** A look into the tiers by somebody who says afterwards what became of it, with `tally`. */
  async find(request: ReadRequest): Promise<Extract<ReadOutcome, { entry: CacheEntry }> | undefined> {
    const begun = this.#monotonic();
    const outcome = await this.reads.peek(request, true);
    return outcome !== undefined && 'entry' in outcome ? { ...outcome, ms: this.#monotonic() - begun } : undefined;
  }

  /** Counts a read that ended like this. */
  tally(kind: ReadOutcome['kind'], ms = 0): void {
    this.statistics.reads++;
    this.statistics[kind]++;
    this.statistics.readTimes.note(ms);
  }

  /** A look into the tiers; `undefined` when there is nothing. */
  async peek(request: ReadRequest, allowStale: boolean): Promise<unknown> {
    if (this.isBypassed()) {
      this.statistics.bypassed++;
      return undefined;
    }
    const outcome = await this.#counted(async () => (await this.reads.peek(request, allowStale)) ?? ABSENT);
    return outcome === ABSENT ? undefined : this.#deliver(outcome as ReadOutcome);
  }

  /** @returns a value for each key, in their order. @throws the first error, when a value can't be had */
  readMany(batch: BatchRequest): Promise<unknown[]> {
    return this.#batches.read(batch);
  }

  /** Every read of the batch by itself: each is answered as soon as its answer is there. */
  readEach(batch: BatchRequest, answers: Answers): Promise<void> {
    return this.#batches.readEach(batch, answers);
  }

  /** Looks into the tiers; `undefined` where there is nothing. */
  peekMany(batch: BatchRequest, allowStale: boolean): Promise<unknown[]> {
    return this.#batches.peek(batch, allowStale);
  }

  #deliver(outcome: ReadOutcome): Promise<unknown> {
    return 'entry' in outcome ? this.open(outcome.entry) : Promise.reject(outcome.error);
  }

  #counted<O extends ReadOutcome | typeof ABSENT>(read: () => Promise<O>): Promise<O> {
    const { tracer } = this.parts.tracing;
    if (tracer === undefined) return this.#count(read);
    return tracer.span('cache.read', { 'cache.name': this.region.name }, async (span) => {
      const outcome = await this.#count(read);
      span.set(describeOutcome(outcome, this.#now()));
      if ('error' in outcome) span.failed(outcome.error);
      return outcome;
    });
  }

  async #count<O extends { readonly kind: ReadOutcome['kind'] }>(read: () => Promise<O>): Promise<O> {
    const { statistics } = this;
    const begun = this.#monotonic();
    statistics.reads++;
    try {
      const outcome = await read();
      statistics[outcome.kind]++;
      return outcome;
    } catch (error) {
      statistics.error++;
      throw error;
    } finally {
      statistics.readTimes.note(this.#monotonic() - begun);
    }
  }

  snapshot(): CacheStatisticsSnapshot {
    const { codec, guard } = this.region;
    return this.statistics.snapshot(this.#memory.size, codec.copiedInsteadOfFrozen, guard?.status());
  }
}

const ABSENT = { kind: 'absent' } as const;

const TIERS: Readonly<Partial<Record<ReadOutcome['kind'], string>>> = {
  l1: 'memory',
  l2: 'shared',
  loaded: 'source',
  joined: 'source',
};

/** How a read ended, where its answer is from, and how old it is, for a span. */
function describeOutcome(outcome: ReadOutcome | typeof ABSENT, now: number): SpanAttributes {
  const { kind } = outcome;
  const tier = TIERS[kind];
  const isHit = kind === 'l1' || kind === 'l2' || kind === 'stale';
  return {
    'cache.outcome': kind,
    'cache.hit': isHit,
    ...(tier === undefined ? {} : { 'cache.tier': tier }),
    ...('entry' in outcome ? { 'cache.age_ms': Math.max(0, Math.round(now - outcome.entry.header.asOf)) } : {}),
  };
}
