import type { Source } from './source.js';

/** What a read was answered: for each row in it, the version it saw. */
export type SeenVersions = ReadonlyMap<number, number>;

export interface ReadRecord {
  readonly begunTick: number;
  readonly begunAt: number;
  readonly strong: boolean;
  /** Of the reader's own transaction: what it wrote and invalidated before the read. */
  readonly ownWrites: ReadonlyMap<number, number> | undefined;
  readonly what: string;
}

interface Acknowledgement {
  readonly row: number;
  /** How many states of the row were committed when the invalidation was called. */
  readonly commits: number;
  readonly tick: number;
  readonly soft: boolean;
}

/**
 * Judges a history by the promises alone: it knows when reads began and what they saw, when rows were committed and
 * when invalidations were acknowledged, and nothing of how the cache works.
 */
export class History {
  readonly violations: string[] = [];
  reads = 0;
  #tick = 0;
  readonly #acknowledged: Acknowledgement[] = [];

  constructor(
    private readonly source: Source,
    private readonly now: () => number,
    /** Longest time a value may be seen after it was superseded, without any invalidation. */
    private readonly longestAgeMs: number,
  ) {}

  beginRead(what: string, strong: boolean, ownWrites?: ReadonlyMap<number, number>): ReadRecord {
    return { begunTick: ++this.#tick, begunAt: this.now(), strong, ownWrites, what };
  }

  endRead(read: ReadRecord, seen: SeenVersions): void {
    this.reads++;
    for (const [row, version] of seen) {
      if (read.ownWrites === undefined) this.#judge(read, row, version);
      else this.#judgeInTransaction(read, row, version);
    }
  }

  /** Call before the invalidation; the returned function when it is acknowledged. */
  beginInvalidation(rows: readonly number[], soft: boolean): () => void {
    const covered = rows.map((row) => ({ row, commits: this.source.history(row).length }));
    return () => {
      const tick = ++this.#tick;
      for (const { row, commits } of covered) this.#acknowledged.push({ row, commits, tick, soft });
    };
  }

  #judge(read: ReadRecord, row: number, version: number): void {
    const commits = this.source.history(row);
    const place = commits.findIndex((commit) => commit.version === version);
    if (place < 0) {
      this.#accuse(read, row, `saw version ${version}, which was never committed`);
      return;
    }
    const least = this.#leastPlace(read, row);
    if (place < least) {
      this.#accuse(read, row, `saw state ${place} although state ${least} was acknowledged before it began`);
    }
    const supersededAt = commits[place + 1]?.at ?? Number.POSITIVE_INFINITY;
    if (supersededAt < read.begunAt - this.longestAgeMs) {
      const ageMs = read.begunAt - supersededAt;
      this.#accuse(
        read,
        row,
        `saw a state superseded ${ageMs} ms before it began; ${this.longestAgeMs} ms are allowed`,
      );
    }
  }

  #leastPlace({ begunTick, strong }: ReadRecord, row: number): number {
    let least = 0;
    for (const acknowledged of this.#acknowledged) {
      if (acknowledged.row !== row || acknowledged.tick >= begunTick) continue;
      if (acknowledged.soft && !strong) continue;
      least = Math.max(least, acknowledged.commits - 1);
    }
    return least;
  }

  /** A transaction sees its own writes; what it sees of other rows is the business of its isolation level. */
  #judgeInTransaction(read: ReadRecord, row: number, version: number): void {
    const own = read.ownWrites!.get(row);
    if (own !== undefined && version !== own) {
      this.#accuse(read, row, `saw version ${version} inside a transaction that had written ${own}`);
    }
  }

  #accuse({ what }: ReadRecord, row: number, sentence: string): void {
    this.violations.push(`${what}, row ${row}: ${sentence}`);
  }
}
