import { CacheEntry, type EntryHeader, type LoadMark } from '../entry/cache-entry.js';
import { encodeEntry } from '../entry/entry-codec.js';
import type { EncodedValue } from '../entry/value-codec.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import { earlyRefreshBegins } from '../policy/early-refresh.js';
import { lifetimeOf } from '../policy/lifetimes.js';
import type { StoredEntry } from '../tiers/tier.interface.js';
import type { CacheRegion } from './cache-region.js';
import type { EngineParts } from './engine-parts.js';

/** What an entry is made of, whoever the value is from. */
export interface EntryDraft {
  readonly region: CacheRegion;
  readonly key: string;
  readonly options: ResolvedReadOptions;
  /** Where the journal stood before anybody asked for the value. */
  readonly mark: LoadMark;
  readonly ownRecord: number;
  readonly asOf: number;
  readonly ttlMs: number;
  readonly expiresBy: number;
  readonly costMs: number;
  readonly tags: readonly string[];
  readonly tainted: boolean;
  /** What is kept beside the value: status and headers of a response. */
  readonly meta?: unknown;
}

/** An entry on its way to the shared tier; without bytes it only ends what is there. */
export type Outgoing = Omit<StoredEntry, 'bytes'> & { readonly bytes: Buffer | undefined };

/** Makes entries, and puts them where readers find them. */
export class EntryWriter {
  constructor(private readonly parts: EngineParts) {}

  make(draft: EntryDraft, encoded: EncodedValue): CacheEntry {
    const { key, options, mark, tainted } = draft;
    const header = this.#header(draft, encoded.kind);
    const entry = new CacheEntry(key, header, encoded.content, { sequence: mark.sequence, tainted });
    noteUse(entry, mark.at, options.earlyRefreshBeta);
    return entry;
  }

  /** For a value that can't be kept: the value itself, for the caller who got it from the origin. */
  makePersonal(draft: EntryDraft, value: unknown): CacheEntry {
    const { key, mark, tainted } = draft;
    const header = this.#header(draft, 'value');
    return new CacheEntry(key, header, { value, bytes: 0 }, { sequence: mark.sequence, personal: true, tainted });
  }

  #header(draft: EntryDraft, kind: EntryHeader['kind']): EntryHeader {
    const { options, mark, ownRecord, asOf, ttlMs, expiresBy, costMs, tags, meta } = draft;
    const graceMs = Math.max(options.graceRevalidateMs, options.graceErrorMs);
    const limits = { ttlMs, jitter: options.jitter, graceMs, expiresBy };
    return {
      epoch: mark.epoch,
      position: mark.position,
      ownRecord,
      asOf,
      ...lifetimeOf(mark.at, limits, this.parts.runtime.random()),
      costMs,
      kind,
      tags,
      slidingMs: options.slidingMs,
      ...(meta === undefined ? undefined : { meta }),
    };
  }

  /** Whether the journal leaves the entry any use; what is plainly dead isn't worth the way. */
  isOfUse(entry: CacheEntry): boolean {
    return this.parts.journal.replica.judge(entry.header, entry.sequence) !== 'dead';
  }

  /** A newer load says that there is nothing to keep: what it would have replaced is of no use either. */
  supersede(region: CacheRegion, key: string, order: number): void {
    const old = region.memory.find(key);
    if (old !== undefined && old.order < order) region.memory.remove(old);
    const { shared, background } = this.parts;
    if (shared.present && (old === undefined || old.order < order)) background.add(shared.delete(region.address(key)));
  }

  /** Puts an entry into the tiers. Whether it is still fresh is for its readers to say. */
  store(region: CacheRegion, entry: CacheEntry, payload: Uint8Array | undefined): Promise<void> {
    const outgoing = this.keep(region, entry, payload);
    return outgoing === undefined ? DONE : this.send([outgoing]);
  }

  /** Puts an entry into memory. @returns what of it is to be sent to the shared tier */
  keep(region: CacheRegion, entry: CacheEntry, payload: Uint8Array | undefined): Outgoing | undefined {
    if (!this.isOfUse(entry)) return undefined;
    if (!region.memory.put(entry)) return undefined; // one that began later is there
    const { shared, runtime, journal } = this.parts;
    const ttlMs = storedForMs(entry.header, runtime.now());
    // before the journal was ever read an entry has no epoch, and nobody could judge it
    if (!shared.present || ttlMs <= 0 || entry.header.epoch === '') return undefined;
    const address = region.address(entry.key);
    const { header } = entry;
    const { clockOffsetMs } = journal;
    const bytes =
      payload === undefined ? undefined : encodeEntry({ address, header, payload, clockOffsetMs }, region.form);
    return { address, bytes, ttlMs };
  }

  /** Sends entries to the shared tier, together. */
  send(outgoing: readonly Outgoing[]): Promise<void> {
    const { shared, background } = this.parts;
    const entries = outgoing.filter((entry): entry is StoredEntry => entry.bytes !== undefined);
    // a value too large for the store: what it replaces there is of no more use
    const sent = outgoing.filter(({ bytes }) => bytes === undefined).map(async ({ address }) => shared.delete(address));
    const [first] = entries;
    if (entries.length === 1) sent.push(shared.set(first!.address, first!.bytes, first!.ttlMs));
    else if (entries.length > 1) sent.push(shared.setMany(entries));
    if (sent.length === 0) return DONE;
    const done = sent.length === 1 ? sent[0]! : Promise.all(sent).then(() => undefined);
    background.add(done);
    return done;
  }
}

const DONE = Promise.resolve();

/** Until when a reader needn't look closer at a fresh entry, epoch ms. */
export const hotUntilOf = ({ staleAt, costMs }: EntryHeader, beta: number): number =>
  beta === 0 ? staleAt : Math.min(staleAt, earlyRefreshBegins(staleAt, costMs, beta));

/** How long the shared tier keeps it: there a sliding entry is gone as soon as nobody has prolonged it. */
export const storedForMs = ({ graceUntil, slidingMs }: EntryHeader, now: number): number =>
  Math.ceil(Math.min(graceUntil - now, slidingMs === 0 ? Number.POSITIVE_INFINITY : slidingMs));

/** So much of the time it may lie idle passes before a read prolongs it: what is read all the time costs nothing. */
const PROLONGED_AFTER = 1 / 4;

/** Somebody reads it. */
export function noteUse(entry: CacheEntry, now: number, beta: number): void {
  const { slidingMs } = entry.header;
  entry.hotUntil = hotUntilOf(entry.header, beta);
  if (slidingMs === 0) return;
  entry.idleUntil = now + slidingMs;
  entry.hotUntil = Math.min(entry.hotUntil, now + slidingMs * PROLONGED_AFTER);
}

/** An entry in words, for messages. */
export const describe = ({ region, key }: { region: CacheRegion; key: string }): string =>
  `cache ${region.name}, key ${key.length > 80 ? `${key.slice(0, 77)}…` : key}`;
