import { CacheConnectionError } from '../cache.errors.js';
import type { Runtime } from '../cache.runtime.js';
import type { ResolvedKnownIdsOptions } from '../options/resolved-options.js';
import { bloomShape, falsePositiveRateOf, type BloomShape } from '../policy/bloom.js';
import { RedisFault } from '../redis/redis-fault.js';
import { markIds, noteWrite, testIds, type MarkIdsReply } from '../redis/scripts.js';
import { FilterBuild, type FilterParts } from './filter-build.js';
import { generationOf, partsOf, type Generation, type PartOfIds } from './generation.js';
import type { IdFilter, IdVerdict, KnownIdsStatus, OpenWrite, RebuildResult } from './id-filter.interface.js';

/** Ids in one call of a script: a few milliseconds of the server's time at most. */
const IDS_AT_A_TIME = 500;
const ATTEMPTS = 3;
/** How long it is taken for granted that nobody has built a filter. */
const NONE_FOR_MS = 1_000;

/**
 * Known ids that all processes share. What makes an answer certain is looked at by the script that gives it, on the
 * server that holds the bits: that the filter is complete, that it is the server it was built on, that no part is lost,
 * and that no write is on its way whose key nobody knows.
 */
export class RedisIdFilter implements IdFilter {
  readonly #state: string;
  readonly #writes: string;
  readonly #shape: BloomShape;
  #live: Generation | undefined;
  #building: Generation | undefined;
  #noneUntil = 0;

  constructor(
    private readonly cache: string,
    private readonly options: ResolvedKnownIdsOptions,
    private readonly parts: FilterParts,
  ) {
    this.#shape = bloomShape(options.capacity, options.falsePositiveRate);
    this.#state = parts.keys.ids(cache, 'state');
    this.#writes = parts.keys.ids(cache, 'writes');
  }

  async test(keys: readonly string[]): Promise<readonly IdVerdict[]> {
    const { commands, runtime } = this.parts;
    const unknown = (): IdVerdict[] => keys.map(() => 'unknown');
    if (!commands.isReachable || runtime.monotonic() < this.#noneUntil) return unknown();
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const generation = this.#live;
        const found = generation === undefined ? undefined : await this.#testIn(generation, keys);
        if (found !== undefined) return found;
        if (generation === undefined) await this.#learn();
        if (this.#live === undefined) return unknown();
      }
    } catch (error) {
      this.#complain(error);
    }
    return unknown();
  }

  /** @returns `undefined` when another filter is in use meanwhile */
  async #testIn(generation: Generation, keys: readonly string[]): Promise<IdVerdict[] | undefined> {
    const { commands, patienceMs } = this.parts;
    const verdicts: IdVerdict[] = keys.map(() => 'unknown');
    const groups = partsOf(generation, keys, IDS_AT_A_TIME);
    const replies = await Promise.all(
      groups.map(async ({ part, positions }) =>
        commands.run(
          testIds,
          [this.#state, this.#writes, this.#bitmap(generation, part)],
          [generation.text, patienceMs, generation.hashes, positions],
        ),
      ),
    );
    for (const [index, { digits, unknown, live }] of replies.entries()) {
      if (unknown === 'other' || unknown === 'none') {
        this.#setLive(live);
        return undefined;
      }
      groups[index]!.places.forEach((place, at) => {
        if (digits !== undefined) verdicts[place] = digits[at] === '0' ? 'absent' : 'maybe';
      });
    }
    return verdicts;
  }

  async add(keys: readonly string[]): Promise<void> {
    try {
      await this.#add(keys);
    } catch (error) {
      this.#complain(error);
      throw this.#unavailable('ids can’t be added', error);
    }
  }

  async #add(keys: readonly string[]): Promise<void> {
    const done = new Set<string>();
    let isCurrent = false; // only a reply tells which filters there are
    for (;;) {
      const next = [this.#live, this.#building].find((each) => each !== undefined && !done.has(each.text));
      if (next === undefined && isCurrent) return;
      if (next === undefined) await this.#learn();
      else {
        done.add(next.text);
        for (const group of partsOf(next, keys, IDS_AT_A_TIME)) await this.#mark(next, group);
      }
      isCurrent = true;
    }
  }

  async #mark(generation: Generation, { part, places, positions }: PartOfIds): Promise<void> {
    const keys = [this.#state, this.#bitmap(generation, part)] as const;
    const args = [generation.text, 0, places.length, positions] as const;
    this.#note(await this.parts.commands.run(markIds, keys, args));
  }

  /** Which filters there are. */
  async #learn(): Promise<MarkIdsReply> {
    const reply = await this.parts.commands.run(markIds, [this.#state, this.#state], ['', 0, 0, '']);
    this.#note(reply);
    return reply;
  }

  #note({ live, building }: MarkIdsReply): void {
    this.#setLive(live);
    this.#building = generationOf(building);
  }

  #setLive(text: string): void {
    if (this.#live?.text !== text) this.#live = generationOf(text);
    this.#noneUntil = this.#live === undefined ? this.parts.runtime.monotonic() + NONE_FOR_MS : 0;
  }

  async beginWrite(): Promise<OpenWrite> {
    const { commands, runtime } = this.parts;
    const token = randomText(runtime);
    try {
      await commands.run(noteWrite, [this.#writes], [token, 1]);
    } catch (error) {
      this.#complain(error);
      throw this.#unavailable('nothing was written, because its id can’t be added', error);
    }
    return {
      end: async (keys) => {
        if (keys.length > 0) await this.add(keys);
        try {
          await commands.run(noteWrite, [this.#writes], [token, 0]);
        } catch (error) {
          throw this.#unavailable('a write can’t be closed', error);
        }
      },
    };
  }

  async rebuild(keys: Iterable<string> | AsyncIterable<string>): Promise<RebuildResult> {
    const { runtime } = this.parts;
    const build = new FilterBuild(this.cache, this.options, {
      ...this.parts,
      shape: this.#shape,
      seed: randomText(runtime),
    });
    try {
      const result = await build.run(keys);
      this.#noneUntil = 0;
      return result;
    } catch (error) {
      this.#complain(error);
      if (error instanceof RedisFault) throw this.#unavailable('its known ids can’t be built', error);
      throw error;
    }
  }

  async status(): Promise<KnownIdsStatus> {
    try {
      const { liveIds, builtAt } = await this.#learn();
      const live = this.#live;
      const shape = live ?? this.#shape;
      const ids = live === undefined ? 0 : liveIds;
      return {
        state: live === undefined ? 'none' : 'complete',
        building: this.#building !== undefined,
        ids,
        capacity: this.options.capacity,
        falsePositiveRate: falsePositiveRateOf(shape, ids),
        bytes: Math.ceil(shape.bits / 8) * shape.parts,
        builtAt,
      };
    } catch (error) {
      throw this.#unavailable('its known ids can’t be asked for', error);
    }
  }

  #bitmap({ text }: Generation, part: number): string {
    return this.parts.keys.ids(this.cache, `${text}:${part}`);
  }

  /** What the server refuses it refuses every time, and nobody else would say so. */
  #complain(error: unknown): void {
    if (error instanceof RedisFault && error.kind === 'refused')
      this.parts.report(`Redis refuses what the known ids of a cache need: ${error.message}`);
  }

  #unavailable(what: string, cause: unknown): CacheConnectionError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new CacheConnectionError(`cache ${this.cache}: ${what}: ${reason}`, { cause });
  }
}

const randomText = ({ random }: Runtime): string =>
  [0, 0].map(() => Math.floor(random() * 2 ** 52).toString(36)).join('');
