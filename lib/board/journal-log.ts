import type { CacheEngine } from '../desk/cache-engine.js';
import { readableTag } from '../entry/tags.js';
import { timeOf } from '../journal/journal-position.js';
import type { JournalRecord } from '../journal/journal-record.js';

/** A record of the journal, for people. */
export interface ShownRecord {
  readonly position: number;
  readonly epoch: string;
  /** When it was made by the clock of Redis, or came here; epoch ms. */
  readonly at: number;
  /** The first of them. */
  readonly tags: readonly string[];
  readonly more: number;
}

const REMEMBERED = 200;
const SHOWN_TAGS = 8;
const SHOWN_LENGTH = 200;

/** The last records of the journal that this process applied. */
export class JournalLog {
  /** Oldest first. */
  readonly records: ShownRecord[] = [];
  /** So many there were since the beginning. */
  count = 0;

  constructor(private readonly engine: CacheEngine) {}

  start(): void {
    this.engine.parts.journal.replica.onRecord = (record) => this.#note(record);
  }

  close(): void {
    this.engine.parts.journal.replica.onRecord = undefined;
  }

  /** What came behind the first `count`, as far as it is remembered. */
  since(count: number): readonly ShownRecord[] {
    return this.records.slice(Math.max(0, this.records.length - (this.count - count)));
  }

  #note({ position, epoch, tags }: JournalRecord): void {
    const { runtime } = this.engine.parts;
    const at = this.engine.redis === undefined ? runtime.now() : timeOf(position);
    const shown = tags.slice(0, SHOWN_TAGS).map((tag) => shortened(readableTag(tag)));
    this.records.push({ position, epoch, at, tags: shown, more: tags.length - shown.length });
    this.count++;
    if (this.records.length > REMEMBERED) this.records.shift();
  }
}

const shortened = (text: string): string => (text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text);
