/** A flight whatever it carries, as a link in a chain of waiting. */
export interface WaitingFlight {
  /** With how many waits for each: a loader may read a key twice. */
  readonly waitingFor: ReadonlyMap<WaitingFlight, number>;
}

/** A flight, and all it waits for, at the end of whatever chain. */
export function* neededBy(first: WaitingFlight): Iterable<WaitingFlight> {
  // by what they wait for, which those that run together share
  const seen = new Set<ReadonlyMap<WaitingFlight, number>>();
  const next: WaitingFlight[] = [first];
  for (let flight = next.pop(); flight !== undefined; flight = next.pop()) {
    yield flight;
    const { waitingFor } = flight;
    if (seen.has(waitingFor)) continue;
    seen.add(waitingFor);
    next.push(...waitingFor.keys());
  }
}

/** Work on one key that several callers wait for. Its promise never counts as unhandled. */
export class Flight<T> implements WaitingFlight {
  readonly promise: Promise<T>;
  /** Flights whose end this one needs, because its loader reads them; one map for all that are loaded together. */
  waitingFor = new Map<WaitingFlight, number>();
  settled = false;
  #resolve!: (value: T) => void;
  #reject!: (reason: unknown) => void;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.promise.catch(() => undefined);
  }

  resolve(value: T): void {
    this.settled = true;
    this.#resolve(value);
  }

  reject(reason: unknown): void {
    this.settled = true;
    this.#reject(reason);
  }

  beginWaitingFor(other: WaitingFlight): void {
    this.waitingFor.set(other, (this.waitingFor.get(other) ?? 0) + 1);
  }

  endWaitingFor(other: WaitingFlight): void {
    const waits = this.waitingFor.get(other) ?? 0;
    if (waits > 1) this.waitingFor.set(other, waits - 1);
    else this.waitingFor.delete(other);
  }

  /** Whether this flight, at the end of whatever chain, waits for that one: then that one mustn't wait for it. */
  needs(other: WaitingFlight): boolean {
    for (const { waitingFor } of neededBy(this)) if (waitingFor === other.waitingFor) return true;
    return false;
  }
}

/** The flights of one cache. A flight is registered before its work begins and gone the moment it settles. */
export class SingleFlight<T, F extends Flight<T>> {
  readonly #flights = new Map<string, F>();

  constructor(private readonly create: () => F) {}

  get size(): number {
    return this.#flights.size;
  }

  values(): F[] {
    return [...this.#flights.values()];
  }

  get(key: string): F | undefined {
    return this.#flights.get(key);
  }

  /** A new flight, which later callers find instead of an older one of the key. */
  open(key: string): F {
    const flight = this.create();
    this.#flights.set(key, flight);
    return flight;
  }

  /** A flight nobody else will find. */
  unlisted(): F {
    return this.create();
  }

  land(key: string, flight: F, value: T): void {
    this.#close(key, flight);
    if (!flight.settled) flight.resolve(value);
  }

  fail(key: string, flight: F, reason: unknown): void {
    this.#close(key, flight);
    if (!flight.settled) flight.reject(reason);
  }

  #close(key: string, flight: F): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
