import { CacheTimeoutError } from '../cache.errors.js';
import { LIMITS } from '../cache.constants.js';
import { neededBy } from '../coalescing/single-flight.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { JournalReplica } from '../journal/journal-replica.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import { refreshesEarly } from '../policy/early-refresh.js';
import { AbsentKeys } from './absent-keys.js';
import {
  beginRefresh,
  mayStandInFor,
  NOTHING,
  type CacheRegion,
  type FlightResult,
  type LoadFlight,
} from './cache-region.js';
import type { EngineParts } from './engine-parts.js';
import { describe, noteUse, storedForMs } from './entry-writer.js';
import { LoaderRunner } from './loader-runner.js';
import type { ReadOutcome } from './outcome.js';
import { ReaderJudge } from './reader-judge.js';
import { Renewals } from './renewals.js';
import type { Reader, ReadRequest } from './reader.js';
import { currentScope, outsideScopes, runningLoad, surroundingTransaction } from './scope.js';
import { SharedEntries } from './shared-entries.js';
import { endOf, waitAlike, waitsWithoutEnd, type End } from './waiting.js';

/**
 * A read, from the memory tier over somebody else's load to a load of its own.
 *
 * Nobody is given an entry on somebody else's word: who joined a load judges what it brought when it arrives, and who
 * is given an old value judges it at that moment.
 */
export class ReadFlow {
  readonly #loaders: LoaderRunner;
  readonly #renewals: Renewals;
  readonly #judge: ReaderJudge;
  readonly #replica: JournalReplica;
  readonly absentKeys: AbsentKeys;
  readonly sharedEntries: SharedEntries;

  constructor(private readonly parts: EngineParts) {
    this.sharedEntries = new SharedEntries(parts);
    this.#loaders = new LoaderRunner(parts);
    this.#renewals = new Renewals(this, (flight, reader) => this.#load(flight, { ...reader, found: undefined }, false));
    this.#judge = new ReaderJudge(parts);
    this.absentKeys = new AbsentKeys(parts);
    this.#replica = parts.journal.replica;
  }

  async read(request: ReadRequest): Promise<ReadOutcome> {
    if (request.signal?.aborted === true) return { kind: 'error', error: request.signal.reason };
    const begun = this.begin(request);
    // without a wait where none is needed: the load is under way, for others to join, when the caller's turn goes on
    const reader = begun instanceof Promise ? await begun : begun;
    const outcome = await this.answer(reader);
    this.teach(reader, outcome);
    return outcome;
  }

  /** Looks into the tiers and goes no further. @returns `undefined` when there is nothing fresh, or nothing at all */
  async peek(request: ReadRequest, allowStale: boolean): Promise<ReadOutcome | undefined> {
    const reader = await this.begin(request);
    const inMemory = this.lookIntoMemory(reader);
    const outcome = this.wantsSharedTier(reader, inMemory)
      ? this.take(await this.sharedEntries.find(reader), reader)
      : inMemory;
    return this.welcome(outcome, reader, allowStale);
  }

  /** What is in memory and not dead, fresh or not. */
  lookIntoMemory(reader: Reader): ReadOutcome | undefined {
    const { region } = reader;
    const inMemory = this.#judge.standIn(undefined, reader);
    if (inMemory !== undefined && 'entry' in inMemory) {
      region.memory.pool!.touch(inMemory.entry);
      this.#prolong(inMemory.entry, reader, this.parts.runtime.now());
    }
    return inMemory;
  }

  /** Whether the shared tier may have better. */
  wantsSharedTier({ confirmed }: Reader, inMemory: ReadOutcome | undefined): boolean {
    return inMemory?.kind !== 'l1' && this.parts.shared.present && confirmed;
  }

  /** The answer for a look, of what the shared tier and memory hold. */
  take(entry: CacheEntry | undefined, reader: Reader): ReadOutcome | undefined {
    const flight = reader.region.flights.unlisted();
    const found = this.adopt(entry, flight, reader, { serveOld: false });
    return found === undefined ? this.#judge.standIn(flight, reader) : this.#judge.accept(found, reader, false);
  }

  /** What a look found, if it is what the caller takes. */
  welcome(outcome: ReadOutcome | undefined, reader: Reader, allowStale: boolean): ReadOutcome | undefined {
    const isWelcome = outcome !== undefined && (allowStale || outcome.kind !== 'stale');
    if (isWelcome) this.teach(reader, outcome);
    return isWelcome ? outcome : undefined;
  }

  begin(request: ReadRequest): Reader | Promise<Reader> {
    const scope = currentScope();
    const strong = request.options.strong || (scope?.strong ?? false);
    const confirmation = request.found?.confirmation;
    const mark = confirmation?.mark ?? this.#replica.mark(this.parts.runtime.now());
    const trusted = !strong && this.#replica.trusts(mark.at);
    const reader = {
      request,
      region: request.region,
      key: request.key,
      strong,
      scope,
      transaction: surroundingTransaction(this.#replica),
      mark,
      found: request.found,
    };
    if (trusted) return { ...reader, confirmed: true };
    if (confirmation !== undefined) return { ...reader, confirmed: confirmation.confirmed };
    return this.parts.journal.confirm().then((confirmed) => ({ ...reader, confirmed }));
  }

  /** Looks, waits and loads until there is an answer. */
  async answer(reader: Reader): Promise<ReadOutcome> {
    if (reader.request.refresh === true) return this.#renewals.renew(reader);
    for (let joins = 0; ; joins++) {
      const remembered = this.recall(reader);
      if (remembered !== undefined) return remembered;
      const { joinable, offered } = this.course(reader, joins);
      const outcome =
        joinable === undefined ? await this.#lead(reader, offered) : await this.waitFor(joinable, reader, false);
      if (outcome !== undefined) return outcome;
    }
  }

  /** Which load under way to wait for, if one will do; else whether a load of one's own is there for others to join. */
  course({ region, key, transaction, scope }: Reader, joins: number): Course {
    const flight = region.flights.get(key);
    const isShared = transaction === undefined && region.isShared(key);
    if (flight === undefined || !isShared || joins >= LIMITS.joins || this.#judge.isOvertaken(flight))
      return { joinable: undefined, offered: isShared };
    // a loader that comes back to its own key, by whatever detour, would wait for itself
    const wouldWaitForItself = scope?.flights.some((own) => flight.needs(own)) === true || isLoading(flight);
    return wouldWaitForItself ? { joinable: undefined, offered: false } : { joinable: flight, offered: true };
  }

  /**
   * Waits for a load together with all who ask for the same in the same way, while the journal is trusted: whether
   * what it brings is an answer is then the same question for all of them, and asked once, when it arrives.
   * @returns `undefined` for those who have to ask on their own
   */
  joinCrowd(flight: LoadFlight, options: ResolvedReadOptions): Promise<ReadOutcome | undefined> | undefined {
    const { offer } = flight;
    if (offer === undefined || !waitAlike(offer.options, options)) return undefined;
    if (this.#judge.isOvertaken(flight) || isLoading(flight)) return undefined;
    if (!this.#replica.trusts(this.parts.runtime.now())) return undefined;
    flight.crowd ??= this.#timed(offer.wait());
    return flight.crowd;
  }

  async #timed(waited: Promise<ReadOutcome | undefined>): Promise<ReadOutcome | undefined> {
    const begun = this.parts.runtime.monotonic();
    const outcome = await waited;
    return outcome && { ...outcome, ms: this.parts.runtime.monotonic() - begun };
  }

  #plain({ request, ...reader }: Reader): Reader {
    const plain = { strong: false, scope: undefined, transaction: undefined, confirmed: true };
    return { ...reader, ...plain, request: { ...request, signal: undefined } };
  }

  /** The answer from the memory tier, if it has one. */
  recall(reader: Reader): ReadOutcome | undefined {
    const { region, key, request } = reader;
    const entry = region.memory.find(key);
    if (entry === undefined) return undefined;
    const now = this.parts.runtime.now();
    const freshness = this.#judge.assess(entry, reader, now);
    if (freshness === 'fresh') {
      region.memory.pool!.touch(entry);
      entry.judgedAt = this.#replica.version;
      const { earlyRefreshBeta: beta } = request.options;
      if (beta > 0 && now >= entry.hotUntil && refreshesEarly(now, entry.header, beta, this.parts.runtime.random())) {
        this.#refresh(reader, entry, true);
      }
      this.#prolong(entry, reader, now);
      return { kind: 'l1', entry };
    }
    if (freshness === 'dead') return undefined;
    if (region.pauses.isOn(key, now)) return { kind: 'stale', entry };
    if (freshness === 'fallback') return undefined;
    this.#refresh(reader, entry, false);
    return { kind: 'stale', entry };
  }

  /** A sliding entry lives longer by being read, here and in the shared tier; never past its time, nor an invalidation. */
  #prolong(entry: CacheEntry, { region, key, request }: Reader, now: number): void {
    if (entry.header.slidingMs === 0 || now < entry.hotUntil) return;
    noteUse(entry, now, request.options.earlyRefreshBeta);
    const { shared, background } = this.parts;
    if (shared.present) background.add(shared.prolong(region.address(key), storedForMs(entry.header, now)));
  }

  /** Loads, on behalf of everybody who comes meanwhile unless it isn't offered to them. */
  async #lead(reader: Reader, offered: boolean): Promise<ReadOutcome | undefined> {
    const { region, key } = reader;
    const flight = offered ? region.flights.open(key) : region.flights.unlisted();
    const wait = (): Promise<ReadOutcome | undefined> => this.waitFor(flight, this.#plain(reader), false);
    if (offered) flight.offer = { options: reader.request.options, wait };
    void this.#fly(flight, reader, false);
    return this.waitFor(flight, reader, true);
  }

  /** One caller refreshes in the background, unless somebody is at it or the loader has just failed. */
  #refresh(reader: Reader, old: CacheEntry, early: boolean): void {
    const { region, key, transaction } = reader;
    const isPaused = region.pauses.isOn(key, this.parts.runtime.now());
    if (transaction !== undefined || isPaused || region.flights.get(key) !== undefined) return;
    const { refreshes } = reader;
    const end = refreshes === undefined ? beginRefresh(region) : undefined;
    if (end === undefined && refreshes?.mayBegin() !== true) return;
    if (early) this.parts.emit({ type: 'early-refresh', cache: region.name });
    const flight = region.flights.open(key);
    flight.old = old;
    const leader = { ...reader, strong: false, scope: undefined, found: undefined };
    if (refreshes === undefined)
      outsideScopes(() =>
        this.parts.tracing.detached(() => this.parts.background.add(this.#fly(flight, leader, true).finally(end))),
      );
    else refreshes.add(flight, leader);
  }

  /** Never rejects: what happens on the way is what the flight brings. */
  async #fly(flight: LoadFlight, reader: Reader, background: boolean): Promise<void> {
    const { region, key, request } = reader;
    try {
      const result = await this.#obtain(flight, reader, background);
      if (background) result.entry?.dropSpare();
      if (result.source === 'load') region.pauses.end(key);
      region.flights.land(key, flight, result);
    } catch (error) {
      region.pauseAfter(error, key, flight.old, request.options, this.parts.runtime.now());
      region.flights.fail(key, flight, error);
    }
  }

  async #obtain(flight: LoadFlight, reader: Reader, background: boolean): Promise<FlightResult> {
    const { present } = this.parts.shared;
    // without a confirmed journal nobody can say whether what the shared tier holds is fresh
    if (present && !reader.confirmed) return this.#load(flight, reader, background);
    // what is refreshed has been there
    const mayBeAbsent = reader.region.ids !== undefined && !background;
    if (!present) return (mayBeAbsent && (await this.#absent(reader))) || this.#load(flight, reader, background);
    const found = this.adopt(await this.sharedEntries.find(reader), flight, reader, { serveOld: true });
    if (found !== undefined) return found;
    const absent = mayBeAbsent ? await this.#absent(reader) : undefined;
    if (absent !== undefined) return absent;
    if (!background) reader.region.guard?.check({ outer: reader.scope?.flights ?? [] });
    // one deadline is all that anybody waits for a server that doesn't answer
    if (!this.parts.shared.isReachable) return this.#load(flight, reader, background);
    return this.#loadUnderLock(flight, reader, background);
  }

  /** The answer where there is no such key at the source. */
  async #absent(reader: Reader): Promise<FlightResult | undefined> {
    const entry = await this.absentKeys.of(reader);
    return entry === undefined ? undefined : { entry, source: 'ids' };
  }

  /** Whoever gets the lock loads; the others look for what it brings, and take over when it doesn't come. */
  async #loadUnderLock(flight: LoadFlight, reader: Reader, background: boolean): Promise<FlightResult> {
    const { locks, runtime, lockTimeoutMs, background: work } = this.parts;
    const { region, key } = reader;
    const begun = runtime.monotonic();
    for (let attempts = 0; ; attempts++) {
      const { lease, found } = await locks.tryAcquire(region.address(key));
      const adopted = this.adopt(await this.sharedEntries.open(found, reader), flight, reader, { serveOld: true });
      if (adopted !== undefined || lease !== undefined) this.#noteLockWait(region, attempts, begun);
      if (adopted !== undefined) {
        if (lease !== undefined) work.add(lease.release());
        return adopted;
      }
      if (lease !== undefined) return this.#load(flight, reader, background, () => lease.release());
      if (background) return NOTHING;
      const waitedMs = runtime.monotonic() - begun;
      if (waitedMs >= lockTimeoutMs) {
        this.#noteLockWait(region, attempts, begun);
        return this.#load(flight, reader, background);
      }
      const pauseMs = attempts === 0 ? 5 : waitedMs < 1_000 ? 10 : 40;
      await new Promise<void>((resolve) => runtime.after(pauseMs, resolve));
    }
  }

  #noteLockWait({ name }: CacheRegion, attempts: number, begun: number): void {
    const ms = this.parts.runtime.monotonic() - begun;
    if (attempts > 0) this.parts.emit({ type: 'lock-wait', cache: name, ms, keys: 1 });
  }

  async #load(
    flight: LoadFlight,
    { request, strong, transaction }: Reader,
    background: boolean,
    release?: () => Promise<void>,
  ): Promise<FlightResult> {
    try {
      const loaded = await this.#loaders.run(request, flight, { strong, transaction, background });
      if (loaded === undefined) {
        if (release !== undefined) this.parts.background.add(release());
        return NOTHING;
      }
      const { entry, stored } = loaded;
      request.region.noteShared(request.key, !entry.personal);
      if (release !== undefined) this.parts.background.add(stored.then(release));
      return { entry, source: 'load' };
    } catch (error) {
      if (release !== undefined) this.parts.background.add(release());
      throw error;
    }
  }

  /** Takes over what the shared tier holds, if it is good for anything; what is merely old is kept at hand. */
  adopt(
    entry: CacheEntry | undefined,
    flight: LoadFlight,
    reader: Reader,
    { serveOld }: { readonly serveOld: boolean },
  ): FlightResult | undefined {
    if (entry === undefined) return undefined;
    const { region, key } = reader;
    const now = this.parts.runtime.now();
    const freshness = this.#judge.assess(entry, reader, now);
    if (freshness === 'dead') return undefined;
    const isNews = flight.old === undefined || entry.header.asOf > flight.old.header.asOf;
    if (freshness === 'fresh') {
      if (!isNews) return undefined; // a refresh finds the very value it is to refresh
      this.#prolong(entry, reader, now);
      region.memory.put(entry);
      return { entry, source: 'l2' };
    }
    if (flight.old !== undefined) return undefined;
    flight.old = entry;
    region.memory.put(entry);
    const servedAtOnce = serveOld && freshness === 'revalidate' && !region.pauses.isOn(key, now);
    if (!servedAtOnce) return undefined;
    region.flights.land(key, flight, { entry, source: 'l2' });
    this.#refresh(reader, entry, false);
    return { entry, source: 'l2' };
  }

  /** @returns `undefined` when what the flight brought is no answer for this reader */
  waitFor(flight: LoadFlight, reader: Reader, leads: boolean): Promise<ReadOutcome | undefined> {
    const { tracer } = this.parts.tracing;
    const waited = this.#waitFor(flight, reader, leads);
    if (tracer === undefined || leads) return waited;
    return waited.finally(() => tracer.link(flight.span));
  }

  #waitFor(flight: LoadFlight, reader: Reader, leads: boolean): Promise<ReadOutcome | undefined> {
    const { options, signal } = reader.request;
    // nothing but the flight can end it, and nobody has to know of the wait
    if (reader.scope === undefined && signal === undefined && waitsWithoutEnd(options))
      return flight.promise.then(
        (result) => this.#judge.accept(result, reader, leads),
        (error: unknown) => this.#afterFailure(error, flight, reader),
      );
    return this.#waitPatiently(flight, reader, leads);
  }

  async #waitPatiently(flight: LoadFlight, reader: Reader, leads: boolean): Promise<ReadOutcome | undefined> {
    const loading = (reader.scope?.flights ?? []) as readonly LoadFlight[];
    // who asks for a load wants to know whether there was one
    const old = reader.request.refresh === true ? () => undefined : () => this.#judge.standIn(flight, reader);
    for (const outer of loading) outer.beginWaitingFor(flight);
    if (loading.length > 0) hurry(flight);
    let end: End;
    try {
      const elapsedMs = this.parts.runtime.now() - reader.mark.at;
      end = await endOf(flight, reader.request, { elapsedMs, old }, this.parts.runtime);
    } finally {
      for (const outer of loading) outer.endWaitingFor(flight);
    }
    switch (end.how) {
      case 'result':
        return this.#judge.accept(end.result, reader, leads);
      case 'error':
        return this.#afterFailure(end.error, flight, reader);
      case 'left':
        return { kind: 'error', error: end.error };
      case 'soft':
        return end.outcome;
      case 'hard': {
        const { hardTimeoutMs } = reader.request.options;
        const error = new CacheTimeoutError(`${describe(reader)}: no value after ${hardTimeoutMs} ms (hardTimeout)`);
        return old() ?? { kind: 'timeout', error };
      }
    }
  }

  #afterFailure(error: unknown, flight: LoadFlight, reader: Reader): ReadOutcome {
    const { refresh, options } = reader.request;
    const mayBeOld = refresh !== true && mayStandInFor(error, options);
    const old = mayBeOld ? this.#judge.standIn(flight, reader) : undefined;
    return old ?? { kind: 'error', error };
  }

  /** What a loader reads becomes part of what it returns: its tags, its expiry, its age. */
  teach({ scope }: Reader, outcome: ReadOutcome): void {
    if (scope?.load === undefined || !('entry' in outcome)) return;
    const { kind, entry } = outcome;
    const fromCache = kind === 'l1' || kind === 'l2' || kind === 'stale';
    const now = this.parts.runtime.now();
    const isKnown = fromCache && this.#replica.trusts(now);
    scope.load.absorb(entry.header, this.#replica, {
      asOf: isKnown ? this.#replica.confirmedAt(now) : entry.header.asOf,
      stale: kind === 'stale' || entry.tainted,
    });
  }
}

interface Course {
  readonly joinable: LoadFlight | undefined;
  readonly offered: boolean;
}

/** Whether this very code runs in the loader of the flight. */
const isLoading = ({ collector }: LoadFlight): boolean => collector !== undefined && collector === runningLoad();

/** Loads that a load waits for now needn't wait for its own place. */
function hurry(flight: LoadFlight): void {
  for (const needed of neededBy(flight)) (needed as LoadFlight).place?.hurry();
}
