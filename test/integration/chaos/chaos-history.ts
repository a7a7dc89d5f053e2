import { Obligations } from './obligations.js';
import type { VersionedSource } from './versioned-source.js';
import type { WorkerEvent } from './worker-messages.js';

type Read = WorkerEvent & { readonly kind: 'read' };

interface Invalidation {
  readonly origin: string;
  readonly calledAt: number;
  readonly what: string;
  readonly rows: readonly number[];
  readonly soft: boolean;
  /** The version that stands for the state to be seen, if it isn't the last one before the call. */
  readonly written: number | undefined;
  /** Its caller went on, whatever had become of it. */
  returnedAt: number;
  /** It was known to be in the journal. */
  appliedAt: number;
  settledAt: number;
}

/** While a server was lost; what was acknowledged in that time is in force once its writers have found that out. */
export interface LossWindow {
  readonly from: number;
  readonly to: number;
  readonly foundAt: number;
}

export interface Verdict {
  readonly violations: readonly string[];
  readonly reads: number;
  readonly errors: number;
  readonly largestStalenessMs: number;
  readonly operations: Readonly<Record<string, number>>;
}

interface Promises {
  /** How long a process may serve what another one has invalidated. */
  readonly boundMs: number;
  /** What the clocks of the readers leave out: they count whole milliseconds. */
  readonly toleranceMs: number;
}

/** What has to be seen of a row, by whom, and from when on. */
class RowObligations {
  readonly strong = new Obligations();
  readonly settled = new Obligations();
  /** At once, and only by the process that invalidated. */
  readonly own = new Map<string, Obligations>();
  readonly ownStrong = new Map<string, Obligations>();
  /** When others are first told; they may be late by the bound. */
  readonly acknowledged = new Obligations();
}

/** Holds what several processes saw against the promises, and knows nothing else of them. */
export class ChaosHistory {
  readonly #reads: { readonly origin: string; readonly read: Read }[] = [];
  readonly #invalidations = new Map<string, Invalidation>();
  readonly #unacknowledged = new Map<string, Set<Invalidation>>();
  readonly #rejections: string[] = [];
  readonly #operations: Record<string, number> = {};
  readonly losses: LossWindow[] = [];

  constructor(
    private readonly source: VersionedSource,
    private readonly promises: Promises,
  ) {}

  /** @param origin a process, and which of its lives */
  note(origin: string, event: WorkerEvent): void {
    switch (event.kind) {
      case 'read':
        this.#count(event.strong ? `strong ${event.what}` : event.what);
        this.#reads.push({ origin, read: event });
        break;
      case 'rejected':
        this.#rejections.push(`process ${origin}: ${event.what} was rejected: ${event.message}`);
        break;
      case 'called':
        this.#count(event.what);
        this.#begin(origin, event);
        break;
      case 'drained':
        this.#drained(origin, event.at);
        break;
      case 'returned':
        this.#returned(origin, event);
        break;
    }
  }

  /** Reads that began and ended in one of these stretches of time. */
  readsWithin(stretches: readonly (readonly [from: number, to: number])[]): number {
    return this.#reads.filter(({ read }) => stretches.some(([from, to]) => read.begunAt >= from && read.endedAt <= to))
      .length;
  }

  judge(): Verdict {
    const obligations = this.#obligations();
    const violations = [...this.#rejections];
    let largestStalenessMs = 0;
    for (const { origin, read } of this.#reads) {
      for (let index = 0; index < read.seen.length; index += 2) {
        const [row, version] = [read.seen[index]!, read.seen[index + 1]!];
        const place = this.source.placeOf(row, version);
        const accuse = (sentence: string): unknown =>
          violations.push(`process ${origin}, ${nameOf(read)} at ${ms(read.begunAt)}, row ${row}: ${sentence}`);
        if (place === undefined) {
          accuse(`saw version ${version}, which was never committed`);
          continue;
        }
        const { broken, stalenessMs } = this.#judge(origin, read, place, obligations[row] ?? new RowObligations());
        largestStalenessMs = Math.max(largestStalenessMs, stalenessMs);
        if (broken !== undefined) accuse(`saw state ${place} although ${broken}`);
      }
    }
    const { length: reads } = this.#reads;
    const errors = this.#rejections.length;
    return { violations, reads, errors, largestStalenessMs, operations: this.#operations };
  }

  #judge(
    origin: string,
    { strong, begunAt }: Read,
    place: number,
    row: RowObligations,
  ): { readonly broken?: string; readonly stalenessMs: number } {
    const { boundMs, toleranceMs } = this.promises;
    const own = row.own.get(origin)?.firstAbove(place);
    if (own !== undefined && own.from < begunAt) {
      return { broken: `it had invalidated state ${own.place} itself: ${own.because}`, stalenessMs: 0 };
    }
    const settled = row.settled.firstAbove(place);
    if (settled !== undefined && settled.from < begunAt) {
      return { broken: `state ${settled.place} was settled: ${settled.because}`, stalenessMs: 0 };
    }
    for (const known of strong ? [row.strong, row.ownStrong.get(origin)] : []) {
      const acknowledged = known?.firstAbove(place);
      if (acknowledged !== undefined && acknowledged.from < begunAt) {
        return { broken: `state ${acknowledged.place} was acknowledged: ${acknowledged.because}`, stalenessMs: 0 };
      }
    }
    const other = row.acknowledged.firstAbove(place);
    const stalenessMs = other === undefined ? 0 : Math.max(0, begunAt - other.from);
    if (other === undefined || stalenessMs <= boundMs + toleranceMs) return { stalenessMs };
    const broken = `state ${other.place} was acknowledged ${ms(stalenessMs)} ms before, ${boundMs} are allowed: ${other.because}`;
    return { broken, stalenessMs };
  }

  #obligations(): RowObligations[] {
    const rows: RowObligations[] = [];
    for (const invalidation of this.#invalidations.values()) {
      for (const row of invalidation.rows) this.#oblige((rows[row] ??= new RowObligations()), row, invalidation);
    }
    return rows;
  }

  #oblige(obligations: RowObligations, row: number, invalidation: Invalidation): void {
    const { origin, soft, calledAt, returnedAt, what, written } = invalidation;
    const place = written === undefined ? this.source.placeAt(row, calledAt) : this.source.placeOf(row, written)!;
    const appliedAt = this.#sureAt(invalidation.appliedAt, invalidation);
    const settledAt = this.#sureAt(invalidation.settledAt, invalidation);
    const because = `${what} by ${origin}, called ${ms(calledAt)}, returned ${ms(returnedAt)}, applied ${ms(appliedAt)}`;
    obligations.strong.add({ from: appliedAt, place, because });
    listOf(obligations.ownStrong, origin).add({ from: returnedAt, place, because });
    if (soft) return;
    listOf(obligations.own, origin).add({ from: returnedAt, place, because });
    obligations.acknowledged.add({ from: appliedAt, place, because });
    obligations.settled.add({ from: settledAt, place, because });
  }

  /** What was acknowledged by a server that was lost may have to be found out first. */
  #sureAt(at: number, { calledAt, appliedAt }: Invalidation): number {
    const loss = this.losses.findLast(({ from, to }) => calledAt <= to && appliedAt >= from);
    return loss === undefined ? at : Math.max(at, loss.foundAt);
  }

  #begin(origin: string, { id, at, what, rows, soft, written }: WorkerEvent & { readonly kind: 'called' }): void {
    const never = Number.POSITIVE_INFINITY;
    const times = { calledAt: at, returnedAt: never, appliedAt: never, settledAt: never };
    this.#invalidations.set(`${origin}/${id}`, { origin, what, rows, soft, written, ...times });
  }

  #returned(origin: string, { id, at, status, settled }: WorkerEvent & { readonly kind: 'returned' }): void {
    const invalidation = this.#invalidations.get(`${origin}/${id}`)!;
    invalidation.returnedAt = at;
    if (settled) invalidation.settledAt = at;
    if (status === 'applied') invalidation.appliedAt = at;
    else listOf(this.#unacknowledged, origin, () => new Set<Invalidation>()).add(invalidation);
    if (status === 'queued') this.#count(`${invalidation.what}, queued`);
  }

  #drained(origin: string, at: number): void {
    const open = this.#unacknowledged.get(origin);
    for (const invalidation of open ?? []) invalidation.appliedAt = at;
    open?.clear();
  }

  #count(what: string): void {
    this.#operations[what] = (this.#operations[what] ?? 0) + 1;
  }
}

function listOf<List = Obligations>(
  lists: Map<string, List>,
  origin: string,
  make: () => List = () => new Obligations() as List,
): List {
  const known = lists.get(origin);
  if (known !== undefined) return known;
  const made = make();
  lists.set(origin, made);
  return made;
}

const nameOf = ({ strong, what }: Read): string => (strong ? `strong ${what}` : what);
const ms = (time: number): string => (Number.isFinite(time) ? time.toFixed(1) : 'never');
