import type { EntryHeader, LoadMark } from '../entry/cache-entry.js';
import { ANY_RECORD, softTag } from '../entry/tags.js';
import type { JournalRecord } from './journal-record.js';

/** What the journal says of an entry: untouched, good enough for grace, or of no use to anybody. */
export type JournalVerdict = 'fresh' | 'soft' | 'dead';

/** What is needed of an entry to judge it. */
export type Judged = Pick<EntryHeader, 'epoch' | 'position' | 'ownRecord' | 'tags'>;

const CALLED_HERE = 0;

interface PendingTag {
  calls: number;
  sequence: number;
}

/** Opened when a write begins; knows afterwards whether anything else touched the tags of the write meanwhile. */
export interface WriteWatch {
  readonly mark: LoadMark;
  /** For each tag, the positions of the records that were applied since the watch was opened; 0 stands for a call here. */
  readonly touched: Map<string, Set<number>>;
  /** Everything may have been touched: the epoch changed, or records were forgotten. */
  everything: boolean;
}

/**
 * What this process knows of the journal: for each tag the position of its last record, up to `applied`.
 * Everything a read asks it is answered at once and from memory.
 */
export class JournalReplica {
  /** Bumped by every change: what was judged fresh under the same version still is. */
  version = 0;
  epoch = '';
  /** Every record up to here is known. Only moved by the journal's own order of records. */
  applied = 0;
  /** Entries loaded before this position can't be judged any more and are misses. */
  floor = 0;
  /** Answers are given without asking while `trustedFrom <= now < trustedUntil`. */
  trustedFrom = Number.POSITIVE_INFINITY;
  trustedUntil = Number.NEGATIVE_INFINITY;
  /** The sequence number of this process's last invalidation. */
  lastOwnInvalidation = 0;
  /** A clock was set here, in this process's own order: how old something from before is, its times don't say. */
  agesKnownFrom = 0;
  /** Told of every record as it is applied, in the journal's order. */
  onRecord: ((record: JournalRecord) => void) | undefined;

  /** 0: never. */
  #confirmedAt = 0;
  #sequence = 0;
  #softRecords = false;
  readonly #positions = new Map<string, number>();
  /** The last of them: records of this process are known before they are applied. */
  #newest = 0;
  readonly #pending = new Map<string, PendingTag>();
  readonly #watches = new Set<WriteWatch>();

  /** @param maxTags how many tags are remembered; forgetting one raises the floor */
  constructor(private readonly maxTags: number) {}

  get rememberedTags(): number {
    return this.#positions.size;
  }

  get pendingTags(): number {
    return this.#pending.size;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  trusts(now: number): boolean {
    return now < this.trustedUntil && now >= this.trustedFrom;
  }

  /** As of when the process knows everything that was acknowledged, epoch ms. */
  confirmedAt(now: number): number {
    return this.trustedFrom === Number.NEGATIVE_INFINITY ? now : Math.min(now, this.#confirmedAt);
  }

  /** Everything that was acknowledged before `sentAt` is known, as of that moment. */
  trust(sentAt: number, forMs: number): void {
    if (sentAt <= this.trustedFrom && this.trustedFrom !== Number.POSITIVE_INFINITY) return;
    this.#confirmedAt = sentAt;
    this.trustedFrom = sentAt;
    this.trustedUntil = sentAt + forMs;
  }

  /** Nothing is known for certain until the next confirmation. */
  doubt(): void {
    this.trustedFrom = Number.POSITIVE_INFINITY;
    this.trustedUntil = Number.NEGATIVE_INFINITY;
  }

  /** The wall clock was set: nothing is known for certain, and nothing of ages that were measured by it before. */
  clockWasSet(): void {
    this.doubt();
    this.agesKnownFrom = this.nextSequence();
  }

  /** The position a load starts from. Taken before the loader is called, never later, and never a head merely heard of. */
  mark(now: number): LoadMark {
    return { epoch: this.epoch, position: this.applied, sequence: this.nextSequence(), at: now };
  }

  nextSequence(): number {
    return ++this.#sequence;
  }

  /**
   * Is this entry fresh? Its epoch is the journal's, none of its tags has a record behind its position, and no
   * invalidation of them called here after its load began is still on its way.
   */
  judge(entry: Judged, sequence: number): JournalVerdict {
    if (entry.epoch !== this.epoch || entry.position < this.floor || this.isAhead(entry)) return 'dead';
    // nothing at all was invalidated since: no need to look at its tags
    const isNewest = entry.position === this.applied && entry.position >= this.#newest;
    if (isNewest && this.#pending.size === 0) return 'fresh';
    let verdict: JournalVerdict = 'fresh';
    for (const tag of entry.tags) {
      if (this.#isBehind(tag, entry, sequence)) return 'dead';
      if (this.#softRecords && this.#isBehind(softTag(tag), entry, sequence)) verdict = 'soft';
    }
    return verdict;
  }

  /**
   * Whether the entry's load knew more than this process does. If that is still so after a confirmation, it was of a
   * history that the server has lost.
   */
  isAhead({ epoch, position }: Pick<Judged, 'epoch' | 'position'>): boolean {
    return position > this.applied && epoch === this.epoch;
  }

  #isBehind(tag: string, { position, ownRecord }: Judged, sequence: number): boolean {
    if (tag === ANY_RECORD) return position < this.applied || this.#anyPendingAfter(sequence);
    const last = this.#positions.get(tag);
    if (last !== undefined && last > position && last !== ownRecord) return true;
    const pending = this.#pending.size === 0 ? undefined : this.#pending.get(tag);
    return pending !== undefined && pending.sequence > sequence;
  }

  #anyPendingAfter(sequence: number): boolean {
    for (const pending of this.#pending.values()) if (pending.sequence > sequence) return true;
    return false;
  }

  /** The position of the last record that carries one of these tags; 0: none that is remembered. */
  lastRecordOf(tags: readonly string[]): number {
    return Math.max(0, ...tags.map((tag) => this.#positions.get(tag) ?? 0));
  }

  /** The tag and position of the record that made an entry stale, for people who ask why. */
  explain(entry: Judged, sequence: number): { tag: string; position: number | undefined } | undefined {
    const culprit = entry.tags
      .flatMap((tag) => [tag, softTag(tag)])
      .find((tag) => this.#isBehind(tag, entry, sequence));
    return culprit === undefined ? undefined : { tag: culprit, position: this.#positions.get(culprit) };
  }

  /** An invalidation was called in this process; its tags count from now on. */
  begin(tags: readonly string[]): void {
    const sequence = this.nextSequence();
    this.lastOwnInvalidation = sequence;
    for (const tag of tags) {
      const pending = this.#pending.get(tag);
      this.#pending.set(tag, { calls: (pending?.calls ?? 0) + 1, sequence });
      this.#noteSoft(tag);
    }
    this.#touch(tags, CALLED_HERE);
    this.version++;
  }

  /** It is in the journal, at this position: the tags are raised, and nothing else. */
  acknowledge(tags: readonly string[], record: JournalRecord): void {
    if (record.epoch === this.epoch) for (const tag of record.tags) this.#raise(tag, record.position);
    this.settle(tags);
  }

  /** A call that was begun is over: something else stands for it now. */
  settle(tags: readonly string[]): void {
    for (const tag of tags) {
      const pending = this.#pending.get(tag);
      if (pending === undefined) continue;
      if (pending.calls === 1) this.#pending.delete(tag);
      else pending.calls--;
    }
    this.version++;
  }

  /** The next record of the journal, in its order. Records of the past change nothing. */
  apply(record: JournalRecord): void {
    if (record.epoch !== this.epoch || record.position <= this.applied) return;
    for (const tag of record.tags) this.#raise(tag, record.position);
    this.applied = record.position;
    this.#touch(record.tags, record.position);
    this.version++;
    this.onRecord?.(record);
  }

  /** Part of the journal is out of reach: what was loaded before this position can't be judged. */
  skipTo(position: number): void {
    this.floor = Math.max(this.floor, position);
    this.applied = Math.max(this.applied, position);
    this.version++;
  }

  /**
   * A record from before the floor, which names `previous` as the one before it: with it, older entries can be judged.
   * @returns `false` when it doesn't fit in, or there is no room to remember more
   */
  learnOlder(record: JournalRecord, previous: number): boolean {
    if (record.epoch !== this.epoch || record.position !== this.floor) return false;
    if (this.#positions.size + record.tags.length > this.maxTags) return false;
    for (const tag of record.tags) {
      if (this.#positions.has(tag)) continue;
      this.#noteSoft(tag);
      this.#positions.set(tag, record.position);
    }
    this.floor = previous;
    this.version++;
    return true;
  }

  /** After older records were learnt: the first to be forgotten is the oldest again. */
  sortByAge(): void {
    const sorted = [...this.#positions].sort(([, a], [, b]) => a - b);
    this.#positions.clear();
    for (const [tag, position] of sorted) this.#positions.set(tag, position);
  }

  /** A journal that begins anew: nothing that was loaded before counts. */
  startEpoch(epoch: string, position: number): void {
    this.epoch = epoch;
    this.applied = position;
    this.floor = position;
    this.#positions.clear();
    this.#newest = 0;
    this.#watches.forEach((watch) => (watch.everything = true));
    this.version++;
  }

  /** A write begins; to be closed when it is decided. */
  watch(now: number): WriteWatch {
    const watch: WriteWatch = { mark: this.mark(now), touched: new Map(), everything: false };
    this.#watches.add(watch);
    return watch;
  }

  unwatch(watch: WriteWatch): void {
    this.#watches.delete(watch);
  }

  /** The write is announced in this very turn: its own call doesn't count against it, and what came before was looked at. */
  announced(watch: WriteWatch): void {
    watch.touched.clear();
  }

  /** Whether nothing touched these tags since the watch was opened or announced, but for the write's own record. */
  isUndisturbed(watch: WriteWatch, tags: readonly string[], ownRecord?: number): boolean {
    const { mark, touched } = watch;
    if (watch.everything || mark.epoch !== this.epoch || mark.position < this.floor) return false;
    return tags.every((tag) => [...(touched.get(tag) ?? [])].every((position) => position === ownRecord));
  }

  #touch(tags: readonly string[], position: number): void {
    for (const { touched } of this.#watches) {
      for (const tag of tags) touched.set(tag, (touched.get(tag) ?? new Set()).add(position));
    }
  }

  #raise(tag: string, position: number): void {
    const known = this.#positions.get(tag);
    if (known !== undefined && known >= position) return;
    this.#noteSoft(tag);
    // deleted first, so that the map stays in the order of the records and its first item is the one to forget
    this.#positions.delete(tag);
    this.#positions.set(tag, position);
    this.#newest = Math.max(this.#newest, position);
    if (this.#positions.size > this.maxTags) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const [tag, position] = this.#positions.entries().next().value!;
    this.#positions.delete(tag);
    this.floor = Math.max(this.floor, position);
  }

  #noteSoft(tag: string): void {
    if (tag.startsWith('~')) this.#softRecords = true;
  }
}
