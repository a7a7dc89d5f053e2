import type { SeenVersions } from '../history.js';
import type { Source } from '../source.js';

/** What the checker sees of a read when it begins. */
export interface FleetRead {
  readonly tick: number;
  readonly at: number;
  readonly process: number;
  /** Which of the lives of that process. */
  readonly life: number;
  readonly strong: boolean;
  readonly what: string;
}

/** What the checker sees of an invalidation, as it is told. */
export class FleetInvalidation {
  /** It was acknowledged: in the journal. */
  appliedTick = Number.POSITIVE_INFINITY;
  appliedAt = Number.POSITIVE_INFINITY;
  /** Its caller went on, whether it was applied or queued. */
  returnedTick = Number.POSITIVE_INFINITY;
  /** Its caller was told that nobody can be answered with the old value any more. */
  settledTick = Number.POSITIVE_INFINITY;

  constructor(
    private readonly history: FleetHistory,
    readonly process: number,
    readonly life: number,
    /** How many states of each row were committed when it was called. */
    readonly covered: ReadonlyMap<number, number>,
    readonly soft: boolean,
  ) {}

  applied(): void {
    this.appliedTick = this.history.nextTick();
    this.appliedAt = this.history.now();
  }

  returned(): void {
    this.returnedTick = this.history.nextTick();
  }

  settled(): void {
    this.settledTick = this.history.nextTick();
  }
}

/** Judges what the processes of a fleet saw by the promises alone. */
export class FleetHistory {
  readonly violations: string[] = [];
  reads = 0;
  /** The longest time after its acknowledgement that another process was answered with an old value, ms. */
  largestStalenessMs = 0;
  #tick = 0;
  readonly #invalidations: FleetInvalidation[] = [];

  constructor(
    private readonly source: Source,
    readonly now: () => number,
    private readonly promises: {
      /** How long a process may serve what another one has invalidated, ms. */
      readonly boundMs: (process: number) => number;
      /** Longest time a value may be seen after it was superseded, without any invalidation. */
      readonly longestAgeMs: number;
    },
  ) {}

  nextTick(): number {
    return ++this.#tick;
  }

  beginRead(process: number, life: number, what: string, strong: boolean): FleetRead {
    return { tick: this.nextTick(), at: this.now(), process, life, what, strong };
  }

  beginInvalidation(process: number, life: number, rows: readonly number[], soft: boolean): FleetInvalidation {
    const covered = new Map(rows.map((row) => [row, this.source.history(row).length]));
    const invalidation = new FleetInvalidation(this, process, life, covered, soft);
    this.#invalidations.push(invalidation);
    return invalidation;
  }

  endRead(read: FleetRead, seen: SeenVersions): void {
    this.reads++;
    for (const [row, version] of seen) this.#judge(read, row, version);
  }

  #judge(read: FleetRead, row: number, version: number): void {
    const commits = this.source.history(row);
    const place = commits.findIndex((commit) => commit.version === version);
    if (place < 0) return this.#accuse(read, row, `saw version ${version}, which was never committed`);
    for (const invalidation of this.#invalidations) {
      const least = (invalidation.covered.get(row) ?? 0) - 1;
      if (place >= least) continue;
      const promise = this.#brokenPromise(read, invalidation);
      if (promise !== undefined) this.#accuse(read, row, `saw state ${place} although state ${least} ${promise}`);
      else if (!invalidation.soft && invalidation.appliedAt <= read.at && invalidation.process !== read.process) {
        this.largestStalenessMs = Math.max(this.largestStalenessMs, read.at - invalidation.appliedAt);
      }
    }
    const supersededAt = commits[place + 1]?.at ?? Number.POSITIVE_INFINITY;
    if (supersededAt < read.at - this.promises.longestAgeMs) {
      this.#accuse(read, row, `saw a state superseded ${read.at - supersededAt} ms before it began`);
    }
  }

  #brokenPromise(read: FleetRead, invalidation: FleetInvalidation): string | undefined {
    if (read.strong) {
      if (invalidation.appliedTick < read.tick) return 'was acknowledged before this strong read began';
    } else if (invalidation.soft) {
      return undefined;
    }
    const isOwn = invalidation.process === read.process && invalidation.life === read.life;
    if (isOwn && invalidation.returnedTick < read.tick) return 'was invalidated by this very process';
    if (invalidation.settledTick < read.tick) return 'was settled';
    const boundMs = this.promises.boundMs(read.process);
    const lateMs = read.at - invalidation.appliedAt - boundMs;
    return lateMs > 0 ? `was acknowledged ${lateMs} ms longer ago than the bound of ${boundMs} ms` : undefined;
  }

  #accuse(read: FleetRead, row: number, sentence: string): void {
    const { process, what, at, strong } = read;
    this.violations.push(`process ${process} at ${at}, ${strong ? 'strong ' : ''}${what}, row ${row}: ${sentence}`);
  }
}
