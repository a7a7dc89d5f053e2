import type { FoundMethod } from '../bindings/instance.explorer.js';
import type { CacheDesk } from '../desk/cache-desk.js';
import type { EngineParts } from '../flow/engine-parts.js';
import { cacheTag, EVERYTHING, softTag } from '../entry/tags.js';
import type { EntryAddress } from '../entry/entry-address.js';
import { DEFAULTS } from '../options/cache-options.defaults.js';
import type { ResolvedWarmOptions } from '../options/resolved-options.js';
import { HotCalls } from './hot-calls.js';
import { EMPTY_RECORD, mergeHotRecord, packHotRecord, unpackHotRecord, type HotRecord } from './hot-record.js';
import { caller } from './method-caller.js';
import { MethodSampler } from './call-sampler.js';
import { unpackArguments } from './plain-arguments.js';
import type { Warmer } from './warmer.js';

/** How long what was learned outlives its fleet. */
const KEPT_MS = 7 * 86_400_000;
/** A process says so often that it is there; one that wasn't seen for so long is gone. */
export const PUBLISH_EVERY_MS = 30_000;
const GONE_AFTER_MS = 4 * PUBLISH_EVERY_MS;

type Load = (calls: readonly (readonly unknown[])[]) => unknown;

/** The hottest calls of one cache: counted here, put together with those of the other processes, and loaded. */
export class LearnedCache {
  readonly warmer: Warmer;
  readonly #counts: HotCalls;
  readonly #loads = new Map<string, { readonly load: Load; readonly batch: number }>();
  /** As it was last seen. */
  #record: HotRecord = EMPTY_RECORD;
  /** Its keys are warm, or needn't be: from then on it stands for its schema. */
  #isSettled = false;
  /** The record of the journal behind which a clear is one that was warmed already, or before this process. */
  #seen = { epoch: '', position: 0 };

  constructor(
    private readonly desk: CacheDesk,
    private readonly options: ResolvedWarmOptions,
    private readonly parts: EngineParts,
  ) {
    this.warmer = this.#asWarmer();
    this.#counts = new HotCalls(Math.max(2 * options.hottest, 64));
  }

  get name(): string {
    return this.desk.region.name;
  }

  /** Has the calls of a method counted. */
  learnFrom({ host, plan, binding }: FoundMethod): void {
    const method = `${host.prototype.constructor.name}.${String(plan.propertyKey)}`;
    const takesKeys = plan.find('many') !== undefined;
    const call = caller(host, String(plan.propertyKey));
    const load: Load = takesKeys ? (calls) => call([[calls.flat()]]) : ([args]) => call([args]);
    this.#loads.set(method, { load, batch: takesKeys ? DEFAULTS.warmBatch : 1 });
    binding.sampler = new MethodSampler(method, takesKeys, this.#counts, this.parts.runtime);
  }

  /** It warms when a process of a new schema starts; else it is told when. */
  #asWarmer(): Warmer {
    return {
      name: `hottest of ${this.name}`,
      target: {
        desk: this.desk,
        ttlMs: this.desk.region.options.read.ttlMs,
        batch: 1,
        call: async ([load]) => (load as () => unknown)(),
      },
      list: async () => {
        const loads = await this.#hottest();
        const isByCall = [...this.#loads.values()].every(({ batch }) => batch === 1);
        // of batches nobody can say how many keys they are, so that they tell no total
        return isByCall || loads.length === 0 ? loads : loads.values();
      },
      triggers: [{ kind: 'start' }],
      learned: {
        isDue: async () => this.#isNew(),
        settled: () => {
          this.#isSettled = true;
        },
        share: async () => this.publish(),
      },
      concurrency: this.options.concurrency,
      waits: true,
      holds: this.options.holds,
      holdAtMostMs: DEFAULTS.warmHoldAtMost,
      doneForMs: Math.min(DEFAULTS.warmDoneFor, this.desk.region.options.read.ttlMs),
    };
  }

  /** Tells others what was counted here since the last time, and learns from them. */
  async publish(): Promise<void> {
    const { runtime, shared } = this.parts;
    const known = await this.#read();
    this.#record = mergeHotRecord(known, {
      now: runtime.now(),
      counted: this.#counts.drain(),
      schema: this.#isSettled ? this.desk.region.options.schema : undefined,
      most: this.options.hottest,
    });
    if (this.#record.calls.length > 0) await shared.set(this.#address, packHotRecord(this.#record), KEPT_MS);
  }

  /** From now on clears are noticed. */
  watch(): void {
    const { epoch, applied } = this.parts.journal.replica;
    this.#seen = { epoch, position: applied };
  }

  /** @returns what happened since the last time that emptied the cache, as every process would call it */
  clearedBy(): string | undefined {
    const { replica } = this.parts.journal;
    const { epoch, position } = this.#seen;
    if (replica.epoch !== epoch) {
      this.watch();
      // the first one it hears of isn't news
      return epoch === '' ? undefined : `journal ${replica.epoch}`;
    }
    const last = replica.lastRecordOf(this.#clears);
    if (last <= position) return undefined;
    this.#seen = { epoch, position: last };
    return `clear ${epoch} ${last}`;
  }

  get #clears(): readonly string[] {
    const tags = [EVERYTHING, cacheTag(this.name)];
    return [...tags, ...tags.map(softTag)];
  }

  /** One load for each call, or for each batch of keys. */
  async #hottest(): Promise<(() => unknown)[]> {
    await this.publish();
    const byMethod = new Map<string, (readonly unknown[])[]>();
    for (const [call] of this.#record.calls) {
      const [method, packed] = call.split('\n', 2) as [string, string | undefined];
      const args = packed === undefined ? undefined : unpackArguments(packed);
      if (args === undefined || !this.#loads.has(method)) continue; // of another version of the application
      byMethod.set(method, [...(byMethod.get(method) ?? []), args]);
    }
    return [...byMethod].flatMap(([method, calls]) => {
      const { load, batch } = this.#loads.get(method)!;
      const loads: (() => unknown)[] = [];
      for (let at = 0; at < calls.length; at += batch) loads.push(() => load(calls.slice(at, at + batch)));
      return loads;
    });
  }

  /** Whether others have learned something, and none of this schema is among them. */
  async #isNew(): Promise<boolean> {
    const { calls, schemas } = await this.#read();
    const { schema } = this.desk.region.options;
    const seen = schemas.find(([other]) => other === schema)?.[1] ?? 0;
    return calls.length > 0 && this.parts.runtime.now() - seen > GONE_AFTER_MS;
  }

  /** What others know, or this process where they can't be asked. */
  async #read(): Promise<HotRecord> {
    return unpackHotRecord(await this.parts.shared.get(this.#address)) ?? this.#record;
  }

  /** No cache can be called that. */
  get #address(): EntryAddress {
    return { cache: '~hot', schema: 0, key: this.name };
  }
}
