import { CacheConfigurationError, CacheConnectionError, CacheWriteError } from '../cache.errors.js';
import { keyTag, userTag } from '../entry/tags.js';
import type { CacheRegion } from '../flow/cache-region.js';
import type { EngineParts } from '../flow/engine-parts.js';
import type { InvalidateFlow } from '../flow/invalidate.flow.js';
import { metaOf, UnwrittenValues } from '../flow/unwritten-values.js';
import { outsideScopes } from '../flow/scope.js';
import type { WriteBehindFlow } from '../flow/write-behind.flow.js';
import type { ResolvedReadOptions, ResolvedWriteBehindOptions } from '../options/resolved-options.js';
import { WriteFlusher } from '../write-behind/write-flusher.js';
import type { DeadWrite, TakenWrite, WriteQueue } from '../write-behind/write-queue.interface.js';
import type { SinkWrite, WriteSink } from '../write-behind/write-sink.interface.js';
import type { LocalQueueStatus } from './cache-status.js';

/** What became of a write that goes to its sink later. */
export interface WriteReceipt {
  /** Where it is now: `queued`, or with a disabled cache `written`, because its sink was called at once. */
  readonly status: 'queued' | 'written';
  /** Whether it outlives this process. */
  readonly durable: boolean;
  /** With `journal.durability: 'replicated'`: whether a replica of Redis has it too. */
  readonly replicated?: boolean;
  /** As its sink is told. */
  readonly version: number;
}

/** A write that its sink doesn't take. */
export interface DeadLetter<T = unknown> {
  readonly id: string;
  readonly key: string;
  /** `undefined`, and `readable` false, when this version of the application can't read it. */
  readonly value: T | undefined;
  readonly readable: boolean;
  readonly reason: string;
  readonly attempts: number;
  readonly at: Date;
}

export interface WriteQueueStatus {
  /** Keys whose newest value the sink doesn't have. */
  readonly waiting: number;
  readonly deadLetters: number;
  readonly durable: boolean;
  /** What this process has done: writes, calls of the sink, those that failed, dead letters made. */
  readonly written: number;
  readonly batches: number;
  readonly failures: number;
  readonly buried: number;
  readonly lastError: string | undefined;
}

export interface QueuedWriteRequest {
  readonly key: string;
  readonly plainKey: string;
  readonly value: unknown;
  readonly options: ResolvedReadOptions;
  readonly tags: readonly string[];
  readonly invalidates: readonly string[];
}

const RETRY_FROM_MS = 100;
const DEAD_PAGE = 100;
const NOBODY = { written: 0, batches: 0, failures: 0, buried: 0, lastError: undefined };

/** The writes of one cache on their way to their sink. */
export class WriteQueueDesk {
  readonly queue: WriteQueue;
  #sink: WriteSink | undefined;
  #flusher: WriteFlusher | undefined;

  constructor(
    private readonly region: CacheRegion,
    private readonly parts: EngineParts,
    private readonly flows: { readonly writes: WriteBehindFlow; readonly invalidations: InvalidateFlow },
    readonly options: ResolvedWriteBehindOptions,
  ) {
    this.queue = parts.writeQueue(region, options);
    region.unwritten = new UnwrittenValues(region, this.queue);
  }

  get hasSink(): boolean {
    return this.#sink !== undefined;
  }

  /** Begins to flush. @throws CacheConfigurationError when there is one already */
  useSink(sink: WriteSink): void {
    const where = `the sink of cache '${this.region.name}'`;
    if (typeof (sink as Partial<WriteSink> | undefined)?.write !== 'function')
      throw new CacheConfigurationError([{ where, problem: 'needs a method `write(writes, context)`' }]);
    if (this.#sink !== undefined)
      throw new CacheConfigurationError([{ where, problem: 'there is one already; a cache has one' }]);
    this.#sink = sink;
    this.#flusher = new WriteFlusher(
      {
        queue: this.queue,
        runtime: this.parts.runtime,
        sink: (writes, context) => outsideScopes(async () => sink.write(writes, context)),
        open: (write) => this.#open(write),
        written: (writes) => this.#written(writes),
        buried: (write, reason) => this.#buried(write, reason),
        inDoubt: (write) => void this.#makeStale([keyTag(this.region.name, write.key)]),
      },
      { ...this.options, retryFromMs: Math.min(RETRY_FROM_MS, this.options.retryToMs) },
    );
    this.#flusher.start();
  }

  /** @throws what the flow throws */
  async write(request: QueuedWriteRequest): Promise<WriteReceipt> {
    if (!this.queue.isDurable && this.#flusher?.isClosed === true)
      throw new CacheWriteError(`cache ${this.region.name}: the application has ended, and nobody would write it`);
    const answer = await this.flows.writes.queue({ ...request, region: this.region, queue: this.queue });
    if (answer.status !== 'queued') throw new Error('a new write is never superseded');
    this.#flusher?.noteWaiting(answer.waiting);
    const { version, replicated } = answer;
    const receipt = { status: 'queued', durable: this.queue.isDurable, version } as const;
    return replicated === undefined ? receipt : { ...receipt, replicated };
  }

  /** Past the queue, where the cache is disabled. @throws what the sink throws */
  async writeAtOnce({ plainKey, value }: QueuedWriteRequest): Promise<WriteReceipt> {
    const write = { key: plainKey, value, version: 0, writtenAt: this.parts.runtime.now() };
    await this.#needsSink().write([write], { signal: new AbortController().signal });
    return { status: 'written', durable: true, version: 0 };
  }

  #needsSink(): WriteSink {
    if (this.#sink !== undefined) return this.#sink;
    const problem = `nobody is its sink in this process: give a provider @CacheSink('${this.region.name}'), or call cache.useSink(…)`;
    throw new CacheConfigurationError([{ where: `cache '${this.region.name}'`, problem }]);
  }

  #open({ version, queued }: TakenWrite): SinkWrite | undefined {
    if (queued === undefined) return undefined;
    try {
      const { key } = metaOf(queued);
      return { key, value: this.region.codec.open(queued.content), version, writtenAt: queued.header.asOf };
    } catch {
      return undefined;
    }
  }

  async #written(writes: readonly TakenWrite[]): Promise<void> {
    const tags = writes.flatMap(({ queued }) => (queued === undefined ? [] : metaOf(queued).invalidates));
    if (tags.length > 0) await this.#makeStale([...new Set(tags)].map(userTag));
  }

  /** Whoever asked for the flush: what is in the database, or isn't, is no part of a transaction of his. */
  #makeStale(tags: readonly string[]): Promise<unknown> {
    const announced = outsideScopes(() => this.flows.invalidations.announce(tags));
    this.parts.background.add(announced);
    return announced;
  }

  /** Nobody will find its value in the queue any more. */
  #buried({ key }: TakenWrite, reason: string): void {
    void this.#makeStale([keyTag(this.region.name, key)]);
    const message = `cache ${this.region.name}: a write is a dead letter, because its sink doesn't take it: ${reason}. See cache.writeQueue('${this.region.name}').deadLetters()`;
    this.parts.emit({ type: 'fault', cache: this.region.name, error: new CacheWriteError(message) });
  }

  /** Resolves when nothing waits; another process may be the one that writes. @throws CacheWriteError after `timeoutMs`, saying what keeps it */
  async flush(timeoutMs: number): Promise<void> {
    this.#needsSink();
    const { runtime } = this.parts;
    const until = runtime.monotonic() + timeoutMs;
    const flusher = this.#flusher!;
    for (;;) {
      await this.#asked(flusher.flush());
      if (flusher.waiting === 0) return;
      if (runtime.monotonic() >= until) {
        const reason = flusher.counts.lastError ?? 'another process is at it';
        throw new CacheWriteError(`cache ${this.region.name}: ${flusher.waiting} writes still wait: ${reason}`);
      }
      await new Promise<void>((resolve) => runtime.after(Math.min(50, timeoutMs), resolve));
    }
  }

  /** What is known without asking. */
  localStatus(): LocalQueueStatus {
    const { written, batches, failures, buried } = this.#flusher?.counts ?? NOBODY;
    return { waiting: this.#flusher?.waiting ?? 0, written, batches, failures, buried };
  }

  async status(): Promise<WriteQueueStatus> {
    const { total, waiting } = await this.#asked(this.queue.dead('0', 1));
    return { waiting, deadLetters: total, durable: this.queue.isDurable, ...(this.#flusher?.counts ?? NOBODY) };
  }

  async deadLetters(after: string, count: number): Promise<DeadLetter[]> {
    const { writes } = await this.#asked(this.queue.dead(after, count));
    return writes.map((write) => {
      const opened = this.#open({ ...write, deliveries: write.attempts });
      const { id, reason, attempts, at } = write;
      return {
        id,
        key: opened?.key ?? write.key,
        value: opened?.value,
        readable: opened !== undefined,
        reason,
        attempts,
        at: new Date(at),
      };
    });
  }

  /** @returns how many wait again; those that were written anew since are gone instead */
  async resend(ids: readonly string[] | undefined): Promise<number> {
    const wanted = ids === undefined ? undefined : new Set(ids);
    let sent = 0;
    for (let after = '0'; ;) {
      const { writes } = await this.#asked(this.queue.dead(after, DEAD_PAGE));
      for (const write of writes) {
        if (wanted?.has(write.id) === false || write.queued === undefined) continue;
        if (await this.#resendOne(write)) sent++;
      }
      if (writes.length < DEAD_PAGE) return sent;
      after = writes.at(-1)!.id;
    }
  }

  async #resendOne({ id, key, queued }: DeadWrite): Promise<boolean> {
    const { key: plainKey, invalidates, schema } = metaOf(queued!);
    const answer = await this.flows.writes.queue({
      region: this.region,
      queue: this.queue,
      options: this.region.options.read,
      key,
      plainKey,
      value: this.region.codec.open(queued!.content),
      tags: queued!.header.tags.filter((tag) => tag.startsWith('t:')).map((tag) => tag.slice(2)),
      invalidates,
      schema,
      deadId: id,
    });
    return answer.status === 'queued';
  }

  async discard(ids: readonly string[]): Promise<number> {
    const discarded = await this.#asked(Promise.all(ids.map((id) => this.queue.discard(id))));
    return discarded.filter(Boolean).length;
  }

  async #asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CacheConnectionError(`cache ${this.region.name}: its write queue can’t be asked: ${reason}`, {
        cause: error,
      });
    }
  }

  drain(): Promise<void> {
    return this.#flusher?.drain() ?? Promise.resolve();
  }

  close(): Promise<void> {
    return this.#flusher?.close() ?? Promise.resolve();
  }
}
