import { CacheConnectionError } from '../cache.errors.js';
import type { Runtime, Timer } from '../cache.runtime.js';
import type { ResolvedKnownIdsOptions } from '../options/resolved-options.js';
import { falsePositiveRateOf, type BloomShape } from '../policy/bloom.js';
import type { RedisCommands } from '../redis/redis-commands.interface.js';
import { RedisFault } from '../redis/redis-fault.js';
import type { RedisKeys } from '../redis/redis-keys.js';
import type { Script, ScriptArgument } from '../redis/script.js';
import { beginBuild, endBuild, markIds, prepareBitmap } from '../redis/scripts.js';
import { generationOf, newGeneration, partsOf, type Generation } from './generation.js';
import type { RebuildResult } from './id-filter.interface.js';

/** What filters over Redis work with. */
export interface FilterParts {
  readonly commands: RedisCommands & { readonly isReachable: boolean };
  readonly keys: RedisKeys;
  readonly runtime: Runtime;
  /** A write whose key isn't known may be open so long before nothing is absent any more, ms. */
  readonly patienceMs: number;
  /** Told what an operator should know. */
  readonly report: (problem: string) => void;
}

/** How long the right to build is held beyond its last sign of life. */
const LEASE_MS = 30_000;
/** Bitmaps of a building that broke off go by themselves. */
const BITMAP_LIFE_MS = 86_400_000;
const IDS_AT_A_TIME = 500;
/** Of one step: some seconds in all, well within the lease. */
const ATTEMPTS = 5;
const PAUSE_MS = 300;

/**
 * Builds one filter beside the one in use: from its first step on every process adds to both, and it takes the other's
 * place in one step when it is complete.
 */
export class FilterBuild {
  readonly #generation: Generation;
  readonly #state: string;
  #timer: Timer | undefined;

  constructor(
    private readonly cache: string,
    private readonly options: ResolvedKnownIdsOptions,
    private readonly parts: FilterParts & { readonly shape: BloomShape; readonly seed: string },
  ) {
    this.#generation = newGeneration(parts.seed, parts.shape);
    this.#state = parts.keys.ids(cache, 'state');
  }

  async run(keys: Iterable<string> | AsyncIterable<string>): Promise<RebuildResult> {
    if (!(await this.#begin())) return { status: 'busy' };
    this.#holdOn();
    let isComplete = false;
    try {
      const { commitWithinMs } = this.options;
      const { runtime, shape } = this.parts;
      // rows of ids that were added before this began have to be there when the source is read
      if (commitWithinMs > 0) await new Promise<void>((resolve) => runtime.after(commitWithinMs, resolve));
      const ids = await this.#fill(keys);
      await this.#finish();
      isComplete = true;
      return { status: 'built', ids, falsePositiveRate: falsePositiveRateOf(shape, ids) };
    } finally {
      this.#timer?.cancel();
      this.#timer = undefined;
      if (!isComplete) await this.#giveUp();
    }
  }

  async #begin(): Promise<boolean> {
    const { text, bits } = this.#generation;
    for (const bitmap of this.#bitmaps(this.#generation))
      await this.#run(prepareBitmap, [bitmap], [bits, BITMAP_LIFE_MS]);
    const { begun, leftovers } = await this.#run(beginBuild, [this.#state], [text, LEASE_MS]);
    await this.#remove(begun ? leftovers : [text]);
    return begun;
  }

  /** Keeps the right to build, however slow the source is. */
  #holdOn(): void {
    this.#timer = this.parts.runtime.after(
      LEASE_MS / 3,
      () => {
        this.#mark(0, 0, '').catch(() => undefined); // the next ids will say
        this.#holdOn();
      },
      { background: true },
    );
  }

  async #fill(keys: Iterable<string> | AsyncIterable<string>): Promise<number> {
    let batch: string[] = [];
    let ids = 0;
    const flush = async (): Promise<void> => {
      ids += batch.length;
      for (const { part, places, positions } of partsOf(this.#generation, batch, IDS_AT_A_TIME)) {
        if (!(await this.#mark(part, places.length, positions))) throw this.#lost();
      }
      batch = [];
    };
    for await (const key of keys) {
      batch.push(key);
      if (batch.length >= IDS_AT_A_TIME) await flush();
    }
    await flush();
    return ids;
  }

  async #mark(part: number, ids: number, positions: string): Promise<boolean> {
    const { keys } = this.parts;
    const bitmap = keys.ids(this.cache, `${this.#generation.text}:${part}`);
    const args = [this.#generation.text, LEASE_MS, ids, positions] as const;
    return (await this.#run(markIds, [this.#state, bitmap], args)).marked;
  }

  async #finish(): Promise<void> {
    const { keys } = this.parts;
    const { text, bits } = this.#generation;
    for (const bitmap of this.#bitmaps(this.#generation)) {
      if (!(await this.#run(prepareBitmap, [bitmap], [bits, 0]))) throw this.#lost();
    }
    const { live, old } = await this.#run(endBuild, [this.#state, keys.ids(this.cache, 'writes')], [text, 1]);
    if (!live) throw this.#lost();
    await this.#remove([old]);
  }

  async #giveUp(): Promise<void> {
    const { commands, keys } = this.parts;
    const { text } = this.#generation;
    await commands
      .run(endBuild, [this.#state, keys.ids(this.cache, 'writes')], [text, 0])
      .then(() => this.#remove([text]))
      .catch(() => undefined); // its lease ends
  }

  /** Every step may be done twice, and a server that is slow for a moment is no reason to begin anew. */
  async #run<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
  ): Promise<Result> {
    const { commands, runtime } = this.parts;
    for (let attempt = 1; ; attempt++) {
      try {
        return await commands.run(script, keys, args);
      } catch (error) {
        if (attempt === ATTEMPTS || (error instanceof RedisFault && error.kind === 'refused')) throw error;
        await new Promise<void>((resolve) => runtime.after(attempt * PAUSE_MS, resolve));
      }
    }
  }

  async #remove(generations: readonly string[]): Promise<void> {
    const bitmaps = generations.flatMap((text) => this.#bitmaps(generationOf(text)));
    // whoever builds next is told of those in use; the others go by themselves
    await Promise.all(bitmaps.map(async (bitmap) => this.parts.commands.unlink(bitmap).catch(() => undefined)));
  }

  #bitmaps(generation: Generation | undefined): string[] {
    const { keys } = this.parts;
    return Array.from({ length: generation?.parts ?? 0 }, (_, part) =>
      keys.ids(this.cache, `${generation!.text}:${part}`),
    );
  }

  #lost(): CacheConnectionError {
    return new CacheConnectionError(
      `cache ${this.cache}: its known ids were not built: Redis has lost what was built, or another process took over`,
    );
  }
}
