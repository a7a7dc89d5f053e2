import type { Runtime, Timer } from '../cache.runtime.js';
import { neededBy, type WaitingFlight } from './single-flight.js';

export interface BulkheadOptions {
  /** Loads at a time. */
  readonly concurrency: number;
  /** Loads that wait for a place; what comes then is refused. */
  readonly queue: number;
  /** How long they wait before they are refused too. */
  readonly waitMs: number;
}

/** Why a load was refused: too many wait already, or it has waited too long. */
export type BulkheadRefusal = 'full' | 'waited';

/** What a load holds while it runs, and waits for before. */
export class Place {
  readonly #bulkhead: Bulkhead;

  constructor(
    bulkhead: Bulkhead,
    /** What waits for the load, or is waited for by it. */
    readonly flights: readonly WaitingFlight[],
  ) {
    this.#bulkhead = bulkhead;
  }

  leave(): void {
    this.#bulkhead.leave(this);
  }

  /** Somebody new waits for it: if that is a load that holds a place here, it would wait for itself. */
  hurry(): void {
    this.#bulkhead.hurry(this);
  }
}

/**
 * Bounds the loads of one cache in this process, in the order they come.
 *
 * A load that another one waits for which holds a place, at the end of whatever chain, begins at once and beyond the
 * bound: waiting for a place, it would wait for itself. It counts, so that others wait the longer.
 */
export class Bulkhead {
  readonly #held = new Set<Place>();
  readonly #queue = new Map<Place, { readonly admit: () => void; readonly timer: Timer }>();

  constructor(
    private readonly options: BulkheadOptions,
    private readonly runtime: Runtime,
    private readonly refusal: (why: BulkheadRefusal) => Error,
  ) {}

  get running(): number {
    return this.#held.size;
  }

  get queued(): number {
    return this.#queue.size;
  }

  /** Whether a load could begin now. */
  get isFree(): boolean {
    return this.#held.size < this.options.concurrency;
  }

  /** Whether a load could neither begin now nor wait. */
  get isFull(): boolean {
    return !this.isFree && this.#queue.size >= this.options.queue;
  }

  /** A place, if there is one at once: for what can just as well happen later. */
  tryEnter(flights: readonly WaitingFlight[]): Place | undefined {
    return this.isFree ? this.#hold(new Place(this, flights)) : undefined;
  }

  /**
   * @param outer the flights whose loaders ask for this load
   * @param queued told the place while it is waited for
   * @throws the refusal
   */
  enter(
    flights: readonly WaitingFlight[],
    outer: readonly WaitingFlight[],
    queued: (place: Place) => void,
  ): Place | Promise<Place> {
    const place = new Place(this, flights);
    if (this.isFree || this.#isNeeded([...flights, ...outer])) return this.#hold(place);
    if (this.isFull) throw this.refusal('full');
    return new Promise<Place>((resolve, reject) => {
      const timer = this.runtime.after(this.options.waitMs, () => {
        this.#queue.delete(place);
        reject(this.refusal('waited'));
      });
      this.#queue.set(place, { admit: () => resolve(place), timer });
      queued(place);
    });
  }

  hurry(place: Place): void {
    if (this.#queue.has(place) && this.#isNeeded(place.flights)) this.#admit(place);
  }

  leave(place: Place): void {
    if (!this.#held.delete(place)) return;
    const [next] = this.#queue.keys();
    if (next !== undefined && this.isFree) this.#admit(next);
  }

  #hold(place: Place): Place {
    this.#held.add(place);
    return place;
  }

  #admit(place: Place): void {
    const { admit, timer } = this.#queue.get(place)!;
    this.#queue.delete(place);
    timer.cancel();
    this.#hold(place);
    admit();
  }

  #isNeeded(flights: readonly WaitingFlight[]): boolean {
    for (const { flights: holders } of this.#held) {
      if (holders.some((holder) => flights.some((flight) => reaches(holder, flight)))) return true;
    }
    return false;
  }
}

/** Whether one flight waits for another, at the end of whatever chain. */
function reaches(from: WaitingFlight, to: WaitingFlight): boolean {
  if (from === to) return true;
  if (from.waitingFor.size > 0) for (const flight of neededBy(from)) if (flight === to) return true;
  return false;
}
