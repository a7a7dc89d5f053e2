/** What kind of answer an entry holds: a value, a cached error, or `undefined`, which not every serializer knows. */
export type EntryKind = 'value' | 'undefined' | 'error';

/** Where in the journal a load stood when it began; taken before the loader is called. */
export interface LoadMark {
  /** The epoch of the journal; positions of two epochs can't be compared. */
  readonly epoch: string;
  /** The position this process had applied. */
  readonly position: number;
  /** This process's own order of loads and invalidations. */
  readonly sequence: number;
  /** Wall clock, epoch ms. */
  readonly at: number;
}

/** Everything a reader needs to judge a value without asking anybody. Stored in front of the value. */
export interface EntryHeader {
  readonly epoch: string;
  readonly position: number;
  /** The record that announced this value, if it was written rather than loaded; else 0. */
  readonly ownRecord: number;
  /** As of when the value was true, at worst: begin of the load, or earlier through cached calls inside it. Epoch ms. */
  readonly asOf: number;
  /** When it expires, epoch ms. */
  readonly staleAt: number;
  /** Until when it may be of use although it expired, epoch ms. At or after `staleAt`. */
  readonly graceUntil: number;
  /** How long the load took, ms; drives the early refresh. */
  readonly costMs: number;
  readonly kind: EntryKind;
  /** Explicit, inherited and implicit tags, with the prefix of their kind. */
  readonly tags: readonly string[];
  /** Status and headers of a response. */
  readonly meta?: unknown;
  /** How long it lives without being read, ms; 0 for however long its time is. */
  readonly slidingMs: number;
}

/** What an entry holds: bytes that are decoded for every caller, or one value for all. */
export type EntryContent =
  | {
      readonly payload: Uint8Array;
      readonly bytes: number;
      /** A copy that was decoded on the way and that nobody has yet. */
      spare: { readonly value: unknown } | undefined;
    }
  | { readonly value: unknown; readonly bytes: number };

/**
 * An entry as it lives in a process. Its fields are laid out for the reader in a hurry: an entry is a hit when
 * `judgedAt` is the version of the replica and `hotUntil` lies ahead, and then `promise` is the answer.
 */
export class CacheEntry {
  /** The version of the journal replica under which the entry was last found fresh. */
  judgedAt = -1;
  /** Until when nobody needs to look closer: expiry, or the begin of the early-refresh window. Epoch ms. */
  hotUntil: number;
  /** A sliding entry is gone from here on unless somebody reads it, epoch ms. */
  idleUntil = Number.POSITIVE_INFINITY;
  /** The resolved answer, shared by all; `undefined` when every caller gets a copy. */
  readonly promise: Promise<unknown> | undefined;
  /** For the eviction policy: was it used since the hand last passed? */
  visited = false;
  previous: CacheEntry | undefined = undefined;
  next: CacheEntry | undefined = undefined;
  /** The memory tier that holds it. */
  holder: EntryHolder | undefined = undefined;

  /** When this process began to load it, in its own order of loads and invalidations; 0: another process may have. */
  readonly sequence: number;
  /** Of two entries of a key the one with the higher order stays in memory: that whose load, or look-up, began later. */
  readonly order: number;
  /** A value that can't be kept: for the caller who loaded it and nobody else. */
  readonly personal: boolean;
  /** Made from something stale: an answer, but nothing to keep. */
  readonly tainted: boolean;

  constructor(
    readonly key: string,
    readonly header: EntryHeader,
    readonly content: EntryContent,
    { sequence, order = sequence, hotUntil = 0, personal = false, tainted = false }: EntryProvenance,
  ) {
    this.sequence = sequence;
    this.order = order;
    this.hotUntil = hotUntil;
    this.personal = personal;
    this.tainted = tainted;
    this.promise = 'value' in content && header.kind !== 'error' ? Promise.resolve(content.value) : undefined;
  }

  /** Nobody is waiting for the value: a copy at hand would only take memory. */
  dropSpare(): void {
    if ('payload' in this.content) this.content.spare = undefined;
  }
}

export interface EntryProvenance {
  readonly sequence: number;
  readonly order?: number;
  readonly hotUntil?: number;
  readonly personal?: boolean;
  readonly tainted?: boolean;
}

/** Whoever holds entries and can let one go. */
export interface EntryHolder {
  remove(entry: CacheEntry): void;
}
