import type { EntryAddress } from '../entry/entry-address.js';
import { decodeEntry, encodeEntry } from '../entry/entry-codec.js';
import { pagesOf } from '../entry/pages.js';
import type { RedisJournal } from '../journal/redis.journal.js';
import type { RedisCommands } from '../redis/redis-commands.interface.js';
import type { RedisKeys, WriteKeys } from '../redis/redis-keys.js';
import {
  buryWrite,
  deadWrites,
  discardWrite,
  endWrites,
  findWrites,
  queueWrite,
  releaseLock,
  renewLock,
  takeWrites,
  type QueueReply,
  type StoredWrite,
} from '../redis/scripts.js';
import type {
  DeadNote,
  DeadPage,
  NewWrite,
  QueueAnswer,
  QueuedCache,
  QueueLimits,
  QueuedValue,
  TakenBatch,
  TakenWrite,
  WriteQueue,
} from './write-queue.interface.js';

export interface RedisWriteQueueParts {
  readonly commands: RedisCommands;
  readonly keys: RedisKeys;
  readonly journal: RedisJournal;
  /** Who this process is among those that flush. */
  readonly token: string;
}

/** A script can't hand on more than some thousands in one command. */
const KEYS_AT_A_TIME = 1_000;

type Refusal = Exclude<QueueReply, { status: 'queued' }>;

/**
 * The queue in Redis, in the journal's slot: the record that makes readers look again, the value they find then, and
 * its place in the queue are one script.
 */
export class RedisWriteQueue implements WriteQueue {
  readonly isDurable = true;
  readonly #keys: WriteKeys;

  constructor(
    private readonly parts: RedisWriteQueueParts,
    private readonly cache: QueuedCache,
    private readonly limits: QueueLimits,
  ) {
    this.#keys = parts.keys.writes(cache.name);
  }

  async put({ key, tags, header, encoded, deadId = '' }: NewWrite): Promise<QueueAnswer> {
    const { keys, journal } = this.parts;
    const { unwritten, queue, dead, deadKeys } = this.#keys;
    const { clockOffsetMs } = journal;
    const address = this.#addressOf(key);
    const bytes = encodeEntry({ address, header, payload: encoded.payload!, clockOffsetMs }, this.cache.form);
    const at = [keys.clock, keys.journal, unwritten, queue, dead, deadKeys] as const;
    let refusal: Refusal | undefined;
    const applied = await journal.appendBy(tags, async (record, send) => {
      const sent = await send(queueWrite, at, [...record, key, bytes, this.limits.maxWaiting, deadId]);
      const { result } = sent;
      if (result.status === 'queued') return { ...sent, result };
      refusal = result;
      return undefined;
    });
    if (applied === undefined) return refusal!;
    const { epoch, position, replicated, reply } = applied;
    const { waiting } = reply;
    return {
      status: 'queued',
      epoch,
      position,
      version: position,
      waiting,
      ...(replicated === undefined ? {} : { replicated }),
    };
  }

  async find(keys: readonly string[]): Promise<(QueuedValue | undefined)[]> {
    const pages = [...pagesOf(keys, KEYS_AT_A_TIME)].map(async (page) =>
      this.parts.commands.run(findWrites, [this.#keys.unwritten], [JSON.stringify(page)]),
    );
    const found = (await Promise.all(pages)).flat();
    return keys.map((key, index) => {
      const stored = found[index];
      return stored === undefined ? undefined : this.#open(key, stored);
    });
  }

  async take(count: number, retryMs: number): Promise<TakenBatch> {
    const { lease, queue, unwritten } = this.#keys;
    const args = [this.parts.token, this.limits.leaseMs, count, Math.ceil(retryMs)] as const;
    const { waiting, items } = await this.parts.commands.run(takeWrites, [lease, queue, unwritten], args);
    if (items === 'busy') return { waiting, writes: 'busy' };
    const writes = items.map(({ id, key, deliveries, stored }) => ({
      id,
      key,
      deliveries,
      version: stored.position,
      queued: this.#open(key, stored),
    }));
    return { waiting, writes };
  }

  renew(): Promise<boolean> {
    return this.parts.commands.run(renewLock, [this.#keys.lease], [this.parts.token, this.limits.leaseMs]);
  }

  async end(writes: readonly TakenWrite[]): Promise<boolean> {
    const { lease, queue, unwritten } = this.#keys;
    const ended = JSON.stringify(writes.map(({ id, key, version }) => [id, key, String(version)]));
    const args = [this.parts.token, this.limits.leaseMs, ended] as const;
    return (await this.parts.commands.run(endWrites, [lease, queue, unwritten], args)) >= 0;
  }

  bury({ id, key, version }: TakenWrite, note: DeadNote): Promise<'buried' | 'superseded' | 'full' | 'lost'> {
    const { lease, queue, unwritten, dead, deadKeys } = this.#keys;
    return this.parts.commands.run(
      buryWrite,
      [lease, queue, unwritten, dead, deadKeys],
      [this.parts.token, id, key, String(version), JSON.stringify(note), this.limits.maxDead],
    );
  }

  async release(): Promise<void> {
    await this.parts.commands.run(releaseLock, [this.#keys.lease], [this.parts.token]);
  }

  async dead(afterId: string, count: number): Promise<DeadPage> {
    const { dead, unwritten } = this.#keys;
    const { total, waiting, items } = await this.parts.commands.run(deadWrites, [dead, unwritten], [afterId, count]);
    const writes = items.map(({ id, key, stored, note }) => ({
      ...(JSON.parse(note) as DeadNote),
      id,
      key,
      version: stored.position,
      queued: this.#open(key, stored),
    }));
    return { total, waiting, writes };
  }

  discard(id: string): Promise<boolean> {
    return this.parts.commands.run(discardWrite, [this.#keys.dead, this.#keys.deadKeys], [id]);
  }

  /** Whatever the shape of the cache's values is by now: the sink gets what was written. */
  #addressOf(key: string): EntryAddress {
    return { cache: this.cache.name, schema: 0, key };
  }

  /** @returns `undefined` for bytes that are none of this cache */
  #open(key: string, { bytes }: StoredWrite): QueuedValue | undefined {
    const { clockOffsetMs } = this.parts.journal;
    const decoded = decodeEntry(bytes, { address: this.#addressOf(key), clockOffsetMs }, this.cache.form);
    if (!decoded.readable) return undefined;
    const { header, payload } = decoded;
    try {
      return { header, content: this.cache.codec.fromPayload(header.kind, payload) };
    } catch {
      return undefined;
    }
  }
}
