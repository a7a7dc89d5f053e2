import type { Refusal } from './event-format.js';

/** What became of events that were received. Those under way included, they add up to `received`. */
export interface ReceivedCounts {
  readonly received: number;
  /** In the journal: every process that shares it knows. */
  readonly applied: number;
  /** In force in this process, and on its way to the others. */
  readonly queued: number;
  /** Told before. */
  readonly duplicates: number;
  /** About caches that aren't here, or about nothing. */
  readonly irrelevant: number;
  /** Couldn't be applied: a mapper threw, or said what can't be. */
  readonly failed: number;
  readonly refused: Readonly<Record<Refusal, number>>;
  readonly underWay: number;
}

export type Received = Exclude<keyof ReceivedCounts, 'received' | 'refused' | 'underWay'> | Refusal;

const REFUSALS: readonly Refusal[] = ['malformed', 'oversized', 'foreign', 'unsigned', 'forged', 'expired'];

export class EventCounts {
  #received = 0;
  readonly #ends = new Map<Received, number>();

  begin(): void {
    this.#received++;
  }

  end(how: Received): void {
    this.#ends.set(how, this.#of(how) + 1);
  }

  snapshot(): ReceivedCounts {
    const ended = [...this.#ends.values()].reduce((sum, count) => sum + count, 0);
    return {
      received: this.#received,
      applied: this.#of('applied'),
      queued: this.#of('queued'),
      duplicates: this.#of('duplicates'),
      irrelevant: this.#of('irrelevant'),
      failed: this.#of('failed'),
      refused: Object.fromEntries(REFUSALS.map((refusal) => [refusal, this.#of(refusal)])) as Record<Refusal, number>,
      underWay: this.#received - ended,
    };
  }

  #of(how: Received): number {
    return this.#ends.get(how) ?? 0;
  }
}
