import type { Runtime, Timer } from '../cache.runtime.js';
import type { JournalFeed, RedisCommands } from '../redis/redis-commands.interface.js';
import { RedisFault } from '../redis/redis-fault.js';
import type { RedisKeys } from '../redis/redis-keys.js';
import type { Script, ScriptArgument } from '../redis/script.js';
import { appendRecord, syncJournal, type AppendReply, type StreamItem, type SyncReply } from '../redis/scripts.js';
import { InvalidationOutbox, type Applied } from './invalidation-outbox.js';
import { JournalChain } from './journal-chain.js';
import { JournalFollower } from './journal-follower.js';
import type { AppendReceipt, Journal, JournalStatus } from './journal.interface.js';
import { idOf, timeOf } from './journal-position.js';
import { JournalReplica } from './journal-replica.js';
import { packTags, readRecord, type ChainedRecord } from './journal-wire.js';
import { ClockWatch, ServerClock } from './server-clock.js';

export interface RedisJournalOptions {
  /** How long a confirmation lasts. */
  readonly maxStalenessMs: number;
  /** The longest this process may serve what others have invalidated, whatever happens. */
  readonly boundMs: number;
  readonly maxRecords: number;
  /** 0: records are kept whatever their age. */
  readonly maxAgeMs: number;
  /** Records are acknowledged only when a replica has them, or this long has passed; 0: at once. */
  readonly replicationWaitMs: number;
  /** Records of one answer. */
  readonly pageSize: number;
}

export interface RedisJournalParts {
  readonly commands: RedisCommands;
  readonly feed: JournalFeed;
  readonly keys: RedisKeys;
  readonly runtime: Runtime;
  /** Told why what this process knew couldn't be continued, and of answers that no retry will mend. */
  readonly report: (problem: string) => void;
  /** Told of records of other processes that say where they were made, once they are applied here. */
  readonly applied?: (record: ChainedRecord) => void;
}

/** What every script that adds a record takes first. */
export type RecordArguments = readonly [
  nonce: string,
  tags: string,
  knownPosition: number,
  boundMs: number,
  maxRecords: number,
  maxAgeMs: number,
];

/** What a script answered and, where that was asked for, whether a replica has its writes too. */
export interface SentScript<Result> {
  readonly result: Result;
  readonly replicated?: boolean;
}

export type SendScript = <Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
  script: Script<Keys, Arguments, Result>,
  keys: NoInfer<Keys>,
  args: NoInfer<Arguments>,
) => Promise<SentScript<Result>>;

/** Answers of one synchronisation, before it gives up running after a journal that grows faster. */
const MOST_PAGES = 1_000;
const WAITING_TAGS = 10_000;
/** How far wall and monotonic clock may go apart between two synchronisations. */
const CLOCK_TOLERANCE_MS = 50;

/**
 * The journal in Redis. Appending puts a record there; synchronising finds out what is missing here and is the only
 * thing that confirms; following makes both quick.
 */
export class RedisJournal implements Journal {
  readonly replica: JournalReplica;
  readonly #chain: JournalChain;
  readonly #outbox: InvalidationOutbox;
  readonly #follower: JournalFollower;
  readonly #serverClock = new ServerClock();
  readonly #clockWatch: ClockWatch;
  readonly #counts = { syncs: 0, doubts: 0, epochs: 0, rebuilds: 0 };
  readonly #noncePrefix: string;
  #nonces = 0;
  /** A synchronisation that hasn't been sent yet, for all who ask in this turn. */
  #next: Promise<boolean> | undefined;
  #timer: Timer | undefined;
  #learning = 0;
  #closed = false;
  /** Raised by a clock that jumps: what was sent before confirms nothing. */
  #era = 0;
  #fleetBoundMs: number;
  #head = 0;
  #serverFloor = 0;
  #trustedSince = 0;
  #lastDoubt: string | undefined;
  /** What the last command that failed, failed with. */
  lastFault: string | undefined;

  constructor(
    private readonly parts: RedisJournalParts,
    private readonly options: RedisJournalOptions,
  ) {
    const { runtime, feed, keys } = parts;
    this.replica = new JournalReplica(options.maxRecords);
    this.replica.doubt();
    this.#chain = new JournalChain(this.replica, (record) => {
      if (!record.nonce.startsWith(this.#noncePrefix)) parts.applied?.(record);
    });
    this.#outbox = new InvalidationOutbox(this.replica, (...given) => this.#send(...given), WAITING_TAGS);
    const followed = {
      stream: keys.journal,
      afterId: () => (this.replica.epoch === '' ? undefined : idOf(this.replica.applied)),
      receive: (items: readonly StreamItem[]) => this.#receive(items),
      catchUp: () => this.confirm(),
      refused: ({ message }: RedisFault) =>
        parts.report(`the server doesn't let this application follow invalidations (XREAD): ${message}`),
    };
    this.#follower = new JournalFollower(feed, followed, runtime);
    this.#clockWatch = new ClockWatch(runtime, CLOCK_TOLERANCE_MS);
    this.#fleetBoundMs = options.boundMs;
    const draw = (): string => Math.floor(runtime.random() * 2 ** 32).toString(36);
    this.#noncePrefix = `${draw()}${draw()}-`;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get clockOffsetMs(): number {
    return this.#serverClock.offsetMs;
  }

  /** Begins to follow, and to confirm at intervals. */
  start(): void {
    if (this.#closed || this.#timer !== undefined) return;
    void this.#follower.run();
    this.#confirmRegularly();
  }

  #confirmRegularly(): void {
    this.#timer = this.parts.runtime.after(
      this.options.maxStalenessMs / 3,
      () => {
        void this.#bringUpToDate(true);
        this.#confirmRegularly();
      },
      { background: true },
    );
  }

  /** The connection is back: everything that waited for it goes on. */
  wake(): void {
    if (this.#closed) return;
    void this.#bringUpToDate(true);
    this.#follower.wake();
  }

  append(tags: readonly string[], trace?: string): Promise<AppendReceipt> {
    return this.#outbox.append(tags, trace);
  }

  /**
   * Adds a record by a script that does something else in the same step, which may refuse: `undefined` then, and there
   * is no record. The tags count as invalidated here from the call on. Rejects when there is no answer; in case it was
   * carried out all the same, the tags are invalidated once more.
   */
  async appendBy<R extends AppendReply>(
    tags: readonly string[],
    run: (args: RecordArguments, send: SendScript) => Promise<SentScript<R> | undefined>,
  ): Promise<(Applied & { readonly reply: R }) | undefined> {
    this.replica.begin(tags);
    try {
      let reply: R | undefined;
      const applied = await this.#record(tags, async (args) => {
        const sent = await run(args, (script, keys, rest) => this.#run(script, keys, rest));
        reply = sent?.result;
        return sent;
      });
      return applied === undefined ? undefined : { ...applied, reply: reply! };
    } catch (error) {
      void this.#outbox.append(tags);
      throw error;
    } finally {
      this.replica.settle(tags);
    }
  }

  async #send(tags: readonly string[], traces: readonly string[]): Promise<Applied> {
    const { clock, journal } = this.parts.keys;
    return (await this.#record(tags, (args) => this.#run(appendRecord, [clock, journal], args), traces))!;
  }

  /** @returns `undefined` when `run` has made no record */
  async #record(
    tags: readonly string[],
    run: (args: RecordArguments) => Promise<SentScript<AppendReply> | undefined>,
    traces: readonly string[] = [],
  ): Promise<Applied | undefined> {
    if (this.#closed) throw new RedisFault('unreachable', 'the cache is closed');
    const nonce = this.#nonce();
    this.#chain.sending(nonce);
    let sent: SentScript<AppendReply> | undefined;
    try {
      const { maxRecords, maxAgeMs } = this.options;
      const packed = packTags(tags, traces);
      sent = await run([nonce, packed, this.replica.applied, this.#fleetBoundMs, maxRecords, maxAgeMs]);
    } catch (error) {
      this.#noteFault(error);
      throw error;
    } finally {
      if (sent === undefined) this.#chain.failed(nonce);
    }
    if (sent === undefined) return undefined;
    const reply = sent.result;
    const { replicated } = sent;
    const { epoch, position, boundMs } = reply;
    this.#fleetBoundMs = Math.max(this.#fleetBoundMs, boundMs);
    this.#head = Math.max(this.#head, position);
    // until this process is in the record's epoch too, it can't judge its entries by it
    if (epoch !== this.replica.epoch) await this.#enterEpoch(epoch, nonce);
    const { previous, previousNonce } = reply;
    const record = { epoch, position, tags, nonce, previous, previousNonce };
    if (!this.#chain.acknowledged(record)) this.#doubt('a record of this process was lost');
    this.replica.acknowledge([], record);
    return {
      status: 'applied',
      epoch,
      position,
      fleetStalenessMs: this.#fleetBoundMs,
      ...(replicated === undefined ? {} : { replicated }),
    };
  }

  async #enterEpoch(epoch: string, nonce: string): Promise<void> {
    this.#doubt('the journal has begun anew');
    await this.#synchronise(false);
    if (this.replica.epoch === epoch) return;
    // nobody knows what became of the record; a second one does no harm
    this.#chain.failed(nonce);
    throw new RedisFault('unreachable', 'the journal has begun anew');
  }

  /** With the durability that was asked for. */
  async #run<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
  ): Promise<SentScript<Result>> {
    const { commands } = this.parts;
    const { replicationWaitMs } = this.options;
    if (replicationWaitMs === 0) return { result: await commands.run(script, keys, args) };
    const { result, replicas } = await commands.runReplicated(script, keys, args, replicationWaitMs);
    return { result, replicated: replicas > 0 };
  }

  confirm(): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    // sent at the end of this turn, so that everybody who reads in it shares one
    this.#next ??= new Promise((resolve) => {
      process.nextTick(() => {
        this.#next = undefined;
        resolve(this.#bringUpToDate(false));
      });
    });
    return this.#next;
  }

  /** What waits to be delivered goes first: before that nothing the server holds may be trusted. */
  async #bringUpToDate(isProbe: boolean): Promise<boolean> {
    this.#lookAtClocks();
    if (this.#outbox.size > 0) {
      if (isProbe && !(await this.#isAnswered())) return false;
      if (!(await this.#outbox.flush())) return false;
    }
    return this.#synchronise(isProbe);
  }

  async #isAnswered(): Promise<boolean> {
    try {
      await this.#ask(true);
      return true;
    } catch {
      return false;
    }
  }

  async #synchronise(isProbe: boolean): Promise<boolean> {
    const { runtime } = this.parts;
    for (let page = 0; page < MOST_PAGES && !this.#closed; page++) {
      this.#lookAtClocks();
      const era = this.#era;
      const sentAt = runtime.now();
      let reply: SyncReply;
      try {
        reply = await this.#ask(isProbe);
      } catch (error) {
        this.#noteFault(error);
        return false;
      }
      if (this.#closed) return false;
      // what a clock said before it was set can't be compared with what it says now
      if (era === this.#era) this.#serverClock.note(reply.timeMs, sentAt, runtime.now());
      if (!this.#take(reply)) continue;
      // confirmed as of when it was sent, and only by an answer that leaves nothing out
      if (era !== this.#era) continue;
      if (!this.replica.trusts(runtime.now())) this.#trustedSince = sentAt;
      this.replica.trust(sentAt, this.options.maxStalenessMs);
      return true;
    }
    return false;
  }

  #lookAtClocks(): void {
    if (!this.#clockWatch.hasJumped()) return;
    this.#era++;
    this.#serverClock.forget();
    this.replica.clockWasSet();
    this.#doubt('a clock was set');
  }

  #ask(isProbe: boolean): Promise<SyncReply> {
    const { commands, keys } = this.parts;
    const { replica } = this;
    const { nonce, own } = this.#chain;
    this.#counts.syncs++;
    return commands.run(
      syncJournal,
      [keys.clock, keys.journal],
      [
        this.#nonce(),
        replica.epoch,
        replica.applied,
        nonce,
        own.position,
        own.nonce,
        this.#fleetBoundMs,
        this.options.pageSize,
      ],
      { probe: isProbe },
    );
  }

  /** @returns whether the replica stands where the server stood */
  #take(reply: SyncReply): boolean {
    const { epoch, applied } = this.replica;
    const isComplete = this.#chain.take(reply);
    this.#fleetBoundMs = Math.max(this.#fleetBoundMs, reply.boundMs);
    this.#head = this.replica.epoch === reply.epoch ? Math.max(this.#head, reply.head) : this.#head;
    this.#serverFloor = reply.floor;
    if (this.replica.epoch !== epoch) {
      this.#head = Math.max(this.replica.applied, reply.head);
      this.#counts.epochs++;
      this.#follower.wake();
      if (epoch !== '') this.parts.report(`the journal in Redis began anew: every entry from before is a miss`);
    }
    if (reply.kind === 'rebuild' && this.replica.applied !== applied) {
      this.#counts.rebuilds++;
      void this.#learnOlder();
    }
    return isComplete;
  }

  #receive(items: readonly StreamItem[]): boolean {
    if (items.length === 0 || this.#closed) return true;
    if (this.#chain.follow(items.map(readRecord))) {
      this.#head = Math.max(this.#head, this.replica.applied);
      return true;
    }
    this.#doubt('records are missing');
    return false;
  }

  /** After a rebuild the newest records are known; the older ones come page by page and make older entries of use again. */
  async #learnOlder(): Promise<void> {
    const rebuild = ++this.#learning; // a later one ends this
    const { commands, keys } = this.parts;
    try {
      let isWorthIt = this.#chain.hasOlder;
      while (isWorthIt && !this.#closed && rebuild === this.#learning) {
        const items = await commands.readBack(keys.journal, idOf(this.replica.floor + 1), this.options.pageSize);
        isWorthIt = rebuild === this.#learning && this.#chain.learnOlder(items.map(readRecord));
      }
    } catch {
      // older entries stay misses
    } finally {
      this.replica.sortByAge();
    }
  }

  #doubt(reason: string): void {
    this.#counts.doubts++;
    this.#lastDoubt = reason;
    this.replica.doubt();
    void this.confirm();
  }

  /** A refusal isn't mended by waiting: somebody should know. */
  #noteFault(error: unknown): void {
    this.lastFault = error instanceof Error ? error.message : String(error);
    if (error instanceof RedisFault && error.kind === 'refused') this.parts.report(`Redis refuses: ${error.message}`);
  }

  #nonce(): string {
    return `${this.#noncePrefix}${(++this.#nonces).toString(36)}`;
  }

  status(now: number): JournalStatus {
    const { replica } = this;
    const trusted = replica.trusts(now);
    return {
      kind: 'redis',
      trusted,
      confirmedAt: replica.confirmedAt(now),
      epoch: replica.epoch,
      position: replica.applied,
      lag: Math.max(0, timeOf(this.#head) - timeOf(replica.applied)),
      floor: replica.floor,
      queued: this.#outbox.size,
      shared: {
        trustedSince: trusted ? this.#trustedSince : undefined,
        lastDoubt: this.#lastDoubt,
        following: this.#follower.connected,
        keptSince: this.#serverFloor === 0 ? undefined : timeOf(this.#serverFloor),
        fleetStalenessMs: this.#fleetBoundMs,
        clockOffsetMs: this.clockOffsetMs,
        ...this.#counts,
      },
    };
  }

  /** What is on its way gets there; what waits is tried once more. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#timer?.cancel();
    await this.#outbox.drain();
    this.#closed = true;
    this.#follower.close();
    this.replica.doubt();
  }
}
