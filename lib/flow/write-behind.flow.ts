import {
  CacheConfigurationError,
  CacheConnectionError,
  CacheOverloadError,
  CacheSerializationError,
} from '../cache.errors.js';
import { keyTag, userTags } from '../entry/tags.js';
import type { EncodedValue } from '../entry/value-codec.js';
import type { LoadMark } from '../entry/cache-entry.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import type { QueueAnswer, QueuedReceipt, WriteQueue } from '../write-behind/write-queue.interface.js';
import type { CacheRegion } from './cache-region.js';
import type { EngineParts } from './engine-parts.js';
import { describe, EntryWriter, type EntryDraft } from './entry-writer.js';
import type { InvalidateFlow } from './invalidate.flow.js';
import { currentScope } from './scope.js';
import type { QueuedMeta } from './unwritten-values.js';
import { ttlOf } from './write.flow.js';

export interface QueueRequest {
  readonly region: CacheRegion;
  readonly queue: WriteQueue;
  readonly options: ResolvedReadOptions;
  /** As it is stored. */
  readonly key: string;
  /** As the writer gave it. */
  readonly plainKey: string;
  readonly value: unknown;
  /** User tags of the entry. */
  readonly tags: readonly string[];
  /** User tags that become stale once the sink has it. */
  readonly invalidates: readonly string[];
  /** Of the cache when it was written; default: as it is. */
  readonly schema?: number | undefined;
  /** The dead letter that is sent again. */
  readonly deadId?: string | undefined;
}

/**
 * Writes that are answered when they wait for their sink. In one step the value gets its place in the queue and a record
 * makes the entry stale; from then on every load finds the value there, until the origin has it.
 */
export class WriteBehindFlow {
  readonly #writer: EntryWriter;

  constructor(
    private readonly parts: EngineParts,
    private readonly invalidations: InvalidateFlow,
  ) {
    this.#writer = new EntryWriter(parts);
  }

  /** @throws CacheOverloadError, CacheConnectionError, CacheSerializationError, CacheKeyError; nothing is queued then */
  async queue(request: QueueRequest): Promise<Exclude<QueueAnswer, { status: 'full' }>> {
    const { region, key, queue, value } = request;
    const { schema = region.options.schema } = request;
    if (this.invalidations.isInTransaction()) {
      const problem = 'a write that waits for its sink is no part of a transaction; call it after the commit';
      throw new CacheConfigurationError([{ where: `${describe(request)}, writeBehind inside afterCommit`, problem }]);
    }
    const { journal, runtime } = this.parts;
    const mark = journal.replica.mark(runtime.now());
    const encoded = this.#encode(request, value);
    const tags = userTags(request.tags, () => describe(request));
    userTags(request.invalidates, () => describe(request));
    const draft = this.#draft(request, mark, tags);
    const meta: QueuedMeta = {
      key: request.plainKey,
      invalidates: request.invalidates,
      schema,
    };
    const { header } = this.#writer.make({ ...draft, meta }, encoded);
    // before anybody may find it in the queue; an id too many does no harm
    await region.ids?.add([key]);
    const answer = await queue
      .put({ key, tags: [keyTag(region.name, key)], header, encoded, deadId: request.deadId })
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        throw new CacheConnectionError(
          `${describe(request)}: the write wasn't acknowledged, so it may or may not be queued; try again when Redis is back: ${reason}`,
          { cause: error },
        );
      });
    if (answer.status === 'full') {
      throw new CacheOverloadError(
        `${describe(request)}: ${answer.waiting} writes wait for their sink already (writeBehind.maxWaiting); ` +
          'slow down, or see why the sink is behind: cache.writeQueue(…).status()',
      );
    }
    const isReadable = schema === region.options.schema;
    if (answer.status === 'queued' && isReadable) this.parts.background.add(this.#keep(draft, encoded, answer));
    return answer;
  }

  #encode(request: QueueRequest, value: unknown): EncodedValue {
    const encoded = request.region.codec.encode(value);
    if (!request.queue.isDurable || encoded.payload !== undefined) return encoded;
    throw new CacheSerializationError(
      `${describe(request)}: the value is larger than \`maxValueBytes\` and can't be queued; write less, or raise the limit`,
    );
  }

  #draft({ region, key, options, value }: QueueRequest, mark: LoadMark, tags: readonly string[]): EntryDraft {
    return {
      region,
      key,
      options,
      mark,
      ownRecord: 0,
      asOf: mark.at,
      ttlMs: ttlOf(options, value),
      expiresBy: Number.POSITIVE_INFINITY,
      costMs: 0,
      tags: [...region.ownTags(key), ...tags],
      tainted: false,
    };
  }

  /** It is the newest value as of its record: readers needn't ask the queue for it. */
  async #keep(draft: EntryDraft, encoded: EncodedValue, { epoch, position }: QueuedReceipt): Promise<void> {
    const { replica } = this.parts.journal;
    if (draft.ttlMs <= 0 || currentScope()?.bypass === true) return;
    if (replica.applied < position) await this.parts.journal.confirm();
    if (replica.epoch !== epoch || replica.applied < position) return;
    const entry = this.#writer.make({ ...draft, mark: { ...draft.mark, epoch, position } }, encoded);
    await this.#writer.store(draft.region, entry, encoded.payload);
  }
}
