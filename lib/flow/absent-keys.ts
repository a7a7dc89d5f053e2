import { CacheSerializationError } from '../cache.errors.js';
import type { CacheEntry, LoadMark } from '../entry/cache-entry.js';
import { userTags } from '../entry/tags.js';
import { describe, EntryWriter } from './entry-writer.js';
import type { EngineParts } from './engine-parts.js';
import type { Reader } from './reader.js';

/**
 * Answers for keys that don't exist at the source, as the filter of known ids has it. They are kept nowhere: whoever
 * asks for keys of his own making would fill the memory with them.
 */
export class AbsentKeys {
  readonly #writer: EntryWriter;

  constructor(private readonly parts: EngineParts) {
    this.#writer = new EntryWriter(parts);
  }

  /** The answer for a reader whose key doesn't exist. */
  async of(reader: Reader): Promise<CacheEntry | undefined> {
    const { knownIds } = reader.region.options;
    return (await this.#test([reader], () => knownIds!.missing()))[0];
  }

  /** The same for each of many readers of one cache, in their order. What is missing among many is `undefined`. */
  async ofMany(readers: readonly Reader[]): Promise<readonly (CacheEntry | undefined)[]> {
    return this.#test(readers, () => undefined);
  }

  async #test(readers: readonly Reader[], missing: () => unknown): Promise<readonly (CacheEntry | undefined)[]> {
    const { region } = readers[0]!;
    const { runtime, journal, emit } = this.parts;
    // what is inside a transaction may be there for it alone
    if (region.ids === undefined || readers[0]!.transaction !== undefined) return readers.map(() => undefined);
    const mark = journal.replica.mark(runtime.now());
    const verdicts = await region.ids.test(readers.map(({ key }) => key));
    return readers.map((reader, index) => {
      const verdict = verdicts[index]!;
      emit({ type: 'id-test', cache: region.name, verdict });
      return verdict === 'absent' ? this.#answer(reader, mark, missing) : undefined;
    });
  }

  #answer({ region, key, request }: Reader, mark: LoadMark, missing: () => unknown): CacheEntry | undefined {
    const { options } = request;
    try {
      const value = missing();
      const encoded = value instanceof Error ? region.codec.encodeError(value) : region.codec.encode(value);
      const tags = [...region.ownTags(key), ...userTags(request.tags(), () => describe({ region, key }))];
      const ttlMs = options.negativeTtlMs ?? options.ttlMs;
      const about = { region, key, options, mark, ttlMs, tags, asOf: mark.at };
      return this.#writer.make(
        { ...about, ownRecord: 0, costMs: 0, expiresBy: Number.POSITIVE_INFINITY, tainted: false },
        encoded,
      );
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const error = new CacheSerializationError(`cache ${region.name}: \`knownIds.missing\`: ${reason}`, { cause });
      this.parts.emit({ type: 'fault', cache: region.name, error });
      return undefined; // the source has an answer
    }
  }
}
