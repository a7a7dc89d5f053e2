import { concat, defer, from, ignoreElements, isObservable, tap, type Observable } from 'rxjs';
import type { CacheService, Invalidation } from '../cache.service.js';
import { CacheConfigurationError, CacheKeyError } from '../cache.errors.js';
import type { CacheDesk } from '../desk/cache-desk.js';
import type { CacheEngine } from '../desk/cache-engine.js';
import { batchRequest, type LoadedItems } from '../desk/batch-requests.js';
import { keysOfWrite } from '../desk/call-requests.js';
import type { CacheKey, LocalKey } from '../entry/key-encoding.js';
import type { LoadContext } from '../flow/load-collector.js';
import { currentScope, runningLoad } from '../flow/scope.js';
import type { ReadRequest } from '../flow/reader.js';
import { ttlOfValue } from '../options/read-options.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import type { AutoBatch } from './auto-batch.js';
import type { CallKey } from './call-key.js';
import type { EvictSettings, MethodManySettings, MethodReadSettings } from './method-plan.js';
import { run, type Call, type CallSampler } from './call.js';
import { runHandler, type BoundHandler } from './handler-run.js';
import { collect, replay } from './observable-values.js';
import type { CallTags } from './tag-sources.js';

type Predicate = (...args: unknown[]) => boolean;
type KeyFunction = (...args: unknown[]) => CacheKey;

/** An eviction of one call, but for what depends on its result. */
interface PreparedEviction {
  readonly target: Invalidation & { readonly tags: readonly string[] };
  readonly tags: CallTags;
}

/** What a method reads through, or writes into: a cache, and how its calls become entries of it. */
export interface BoundCache {
  readonly desk: CacheDesk;
  readonly settings: MethodReadSettings;
  readonly options: ResolvedReadOptions;
  readonly callKey: CallKey;
  readonly tags: CallTags;
}

export interface BoundWrite extends BoundCache {
  readonly invalidates: CallTags;
}

export interface BoundMany extends BoundCache {
  readonly settings: MethodManySettings;
}

export interface BoundEviction {
  readonly settings: EvictSettings;
  readonly tags: CallTags;
}

/** The operations of one method on one host, resolved. */
export interface BoundOperations {
  readonly read: BoundCache | undefined;
  /** Where the calls of `read` come together. */
  readonly autoBatch?: AutoBatch | undefined;
  readonly many: BoundMany | undefined;
  readonly put: BoundWrite | undefined;
  readonly behind?: BoundWrite | undefined;
  readonly evictions: readonly BoundEviction[];
  /** Of a handler of requests or messages, which is cached by an interceptor, and whose result may be there at once. */
  readonly handler?: BoundHandler | undefined;
}

/** A decorated method in one application and on one class: turns calls into requests. */
export class MethodBinding {
  /** Set when a hit needs nothing but a look into memory. */
  readonly hotDesk: CacheDesk | undefined;
  /** Set when a hit needs a look, and the journal to be confirmed. */
  readonly strongDesk: CacheDesk | undefined;
  readonly guessKey: CallKey['guess'];
  /** Set where it is learned which calls are made most. */
  sampler: CallSampler | undefined = undefined;
  readonly #options: ResolvedReadOptions | undefined;

  constructor(
    private readonly operations: BoundOperations,
    private readonly engine: CacheEngine,
    private readonly service: CacheService,
    private readonly describe: () => string,
  ) {
    const { read, put, many, behind, evictions } = operations;
    const readsOnly = read !== undefined && (put ?? many ?? behind) === undefined && evictions.length === 0;
    const isPlain = readsOnly && read.settings.condition === undefined && read.settings.returns !== 'observable';
    const desk = isPlain && read.desk.hasShortWay ? read.desk : undefined;
    this.hotDesk = desk?.hasHotPath === true && !read!.options.strong ? desk : undefined;
    this.strongDesk = read?.options.strong === true && operations.autoBatch === undefined ? desk : undefined;
    this.guessKey = read?.callKey.guess ?? (() => undefined);
    this.#options = read?.options;
  }

  /** What its calls are answered from, if they are. */
  get reading(): BoundCache | undefined {
    return this.operations.read ?? this.operations.many;
  }

  /** A call outside of scopes that isn't answered from memory, but perhaps by a load under way. */
  joinOrInvoke(key: LocalKey, call: Call): unknown {
    const desk = this.hotDesk!;
    const joined = desk.passThrough ? undefined : desk.join(key, this.#options!);
    if (joined === undefined) {
      return this.operations.autoBatch === undefined ? this.lookOrInvoke(desk, key, call) : this.invoke(call);
    }
    return joined.then((outcome) => (outcome === undefined ? this.invoke(call) : desk.handOut(outcome)));
  }

  /** A call outside of scopes that a look may answer. */
  lookOrInvoke(desk: CacheDesk, key: LocalKey, call: Call): unknown {
    const looking = desk.look(key, this.#options!);
    if (looking === undefined) return this.invoke(call);
    return looking.then((found) => {
      const entry = desk.accept(found);
      return entry === undefined ? this.invoke({ ...call, found }) : desk.unpack(entry);
    });
  }

  /** Everything but the hot path. */
  invoke(call: Call): unknown {
    const { read, evictions } = this.operations;
    if (read?.settings.returns === 'observable')
      return this.#withEvictions(
        call,
        replay(() => this.#read(call, read)),
      );
    if (evictions.length === 0) return this.#answer(call);
    return this.#withEvictions(call, undefined);
  }

  /** Early evictions, then the answer, then late evictions; an Observable answer stays one. */
  #withEvictions(call: Call, answer: Observable<unknown> | undefined): unknown {
    const { evictions, read, many, put, behind } = this.operations;
    // what they say of the arguments is asked before the method runs: a mistake in it shouldn't follow a change
    const early = this.#prepare(
      evictions.filter(({ settings }) => settings.before === true),
      call,
    );
    const late = this.#prepare(
      evictions.filter(({ settings }) => settings.before !== true),
      call,
    );
    if (answer !== undefined) return this.#around(call, answer, early, late);
    const isPlain = (read ?? many ?? put ?? behind) === undefined;
    if (isPlain && early.length === 0) {
      const result = this.#answer(call);
      return isObservable(result) ? this.#around(call, result, early, late) : this.#after(call, result, late);
    }
    return this.#evict(early, call, undefined).then(() => this.#after(call, this.#answer(call), late));
  }

  #around(
    call: Call,
    answer: Observable<unknown>,
    early: readonly PreparedEviction[],
    late: readonly PreparedEviction[],
  ): Observable<unknown> {
    let last: unknown;
    const remembered = answer.pipe(tap((value) => (last = value)));
    const evicted = (evictions: readonly PreparedEviction[]): Observable<never> =>
      defer(() => from(this.#evict(evictions, call, last))).pipe(ignoreElements());
    return concat(evicted(early), remembered, evicted(late));
  }

  async #after(call: Call, answer: unknown, late: readonly PreparedEviction[]): Promise<unknown> {
    this.#refuseSynchronous(answer);
    const result = await answer;
    // Nest takes the Observable that a handler promises for its answer: nothing has happened yet
    if (this.operations.handler !== undefined && isObservable(result)) return this.#around(call, result, [], late);
    await this.#evict(late, call, result);
    return result;
  }

  #answer(call: Call): unknown {
    const { read, many, put, behind } = this.operations;
    if (read !== undefined) return this.#read(call, read);
    if (many !== undefined) return this.#readMany(call, many);
    if (put !== undefined) return this.#put(call, put);
    if (behind !== undefined) return this.#writeBehind(call, behind);
    const { handler } = this.operations;
    return handler === undefined ? run(call) : runHandler(call, handler);
  }

  async #read(call: Call, { desk, settings, options, callKey, tags }: BoundCache): Promise<unknown> {
    const { args } = call;
    const isWanted = settings.condition === undefined || (settings.condition as Predicate)(...args);
    const { autoBatch } = this.operations;
    if (!isWanted || (desk.passThrough && autoBatch === undefined)) {
      if (!isWanted) desk.statistics.bypassed++;
      const result = run(call);
      // a signal that never fires: nobody gives up on what isn't shared
      return settings.returns === 'observable' ? collect(result, new AbortController().signal, this.describe) : result;
    }
    const request: ReadRequest = {
      region: desk.region,
      key: desk.region.storedKey(callKey.of(args)),
      options,
      load: (context) => this.#load(call, settings, context),
      tags: () => tags.ofArguments(args),
      tagsOfResult: tags.ofResult === undefined ? undefined : (result) => tags.ofResult!(result, args),
      unless: settings.unless === undefined ? undefined : (result) => (settings.unless as Predicate)(result, ...args),
      found: call.found,
    };
    // a loader without a scope of its own is known only now, and a batch would come later
    const isGathered = autoBatch !== undefined && (currentScope() !== undefined || runningLoad() === undefined);
    return isGathered ? autoBatch.read(call.self, args[0], request) : desk.read(request);
  }

  #load(call: Call, settings: MethodReadSettings, context: LoadContext): unknown {
    const result = run(call);
    if (settings.returns === 'observable') return collect(result, context.signal, this.describe);
    this.#refuseSynchronous(result);
    return result;
  }

  async #readMany(call: Call, { desk, settings, options, tags }: BoundMany): Promise<unknown> {
    const [ids] = call.args;
    if (!Array.isArray(ids) || call.args.length !== 1) {
      throw new CacheKeyError(`${this.describe()}: @CacheableMany is for methods whose one argument is a list of keys`);
    }
    if (ids.length === 0) return [];
    const load = (missing: CacheKey[]): LoadedItems<unknown, CacheKey> => {
      const result = run({ ...call, args: [missing] });
      this.#refuseSynchronous(result);
      return result as Promise<unknown[]>;
    };
    const items = await desk.readMany(
      batchRequest(desk.region, ids as CacheKey[], load, {
        keyOfItem: settings.key as (item: unknown) => CacheKey,
        options,
        maxSize: settings.maxSize ?? Number.POSITIVE_INFINITY,
        item: {
          tags: () => tags.ofArguments([]),
          tagsOfResult: (item) => (item === undefined ? [] : (tags.ofResult?.(item, []) ?? [])),
          unless: (item) => item !== undefined && (settings.unless as Predicate | undefined)?.(item) === true,
          ttlOf: settings.ttlOf && ttlOfValue(settings.ttlOf, `${this.describe()}, ttl`),
        },
      }),
    );
    return items.filter((item) => item !== undefined);
  }

  /** The method says what is to be written; its sink writes it. */
  async #writeBehind(call: Call, { desk, settings, options, tags, invalidates }: BoundWrite): Promise<unknown> {
    const { args } = call;
    const { region } = desk;
    const result = run(call);
    this.#refuseSynchronous(result);
    const value = await result;
    if (settings.condition !== undefined && !(settings.condition as Predicate)(value, ...args)) return value;
    const queue = this.engine.writeQueueOf(region.name);
    const request = {
      ...keysOfWrite(region, (settings.key as KeyFunction)(value, ...args), this.describe),
      value,
      options,
      tags: [...tags.ofArguments(args), ...(tags.ofResult?.(value, args) ?? [])],
      invalidates: [...invalidates.ofArguments(args), ...(invalidates.ofResult?.(value, args) ?? [])],
    };
    await (this.engine.enabled ? queue.write(request) : queue.writeAtOnce(request));
    return value;
  }

  async #put(call: Call, put: BoundWrite): Promise<unknown> {
    const { desk, settings, options, tags, invalidates } = put;
    const { args } = call;
    const isWanted = settings.condition === undefined || (settings.condition as Predicate)(...args);
    const write = (): unknown => run(call);
    const keyOf = (result: unknown): string => desk.region.keyFor((settings.key as KeyFunction)(result, ...args));
    // also while it ends: what was written is old everywhere else
    if (!this.engine.enabled) return write();
    // not kept is not unwritten
    if (!isWanted) return this.engine.writes.identify({ region: desk.region, write, keyOf });
    return this.engine.writes.put({
      region: desk.region,
      options,
      write: () => {
        const result = write();
        this.#refuseSynchronous(result);
        return result;
      },
      keyOf,
      tags: (result) => [...tags.ofArguments(args), ...(tags.ofResult?.(result, args) ?? [])],
      invalidates: (result) => [...invalidates.ofArguments(args), ...(invalidates.ofResult?.(result, args) ?? [])],
      unless: settings.unless === undefined ? undefined : (result) => (settings.unless as Predicate)(result, ...args),
    });
  }

  #prepare(evictions: readonly BoundEviction[], { args }: Call): PreparedEviction[] {
    return evictions
      .filter(({ settings: { condition } }) => condition === undefined || (condition as Predicate)(...args))
      .map(({ settings, tags }) => {
        const { cache, key, all, mode, settled, again, emit } = settings;
        const keys = cache !== undefined && key !== undefined ? [[cache, (key as KeyFunction)(...args)] as const] : [];
        const caches = cache !== undefined && key === undefined ? [cache] : [];
        return { target: { tags: tags.ofArguments(args), keys, caches, all, mode, settled, again, emit }, tags };
      });
  }

  async #evict(evictions: readonly PreparedEviction[], { args }: Call, result: unknown): Promise<void> {
    for (const { target, tags } of evictions) {
      const ofResult = tags.ofResult?.(result, args) ?? [];
      await this.service.invalidate({ ...target, tags: [...target.tags, ...ofResult] });
    }
  }

  #refuseSynchronous(result: unknown): void {
    if (this.operations.handler !== undefined) return;
    if (typeof (result as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function') return;
    const hint = isObservable(result)
      ? "it returned an Observable: say `returns: 'observable'`"
      : 'it has to return a Promise, because a cached answer is never there at once';
    throw new CacheConfigurationError([{ where: this.describe(), problem: hint }]);
  }
}
