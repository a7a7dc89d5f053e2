import type { FlightResult, LoadFlight, Renewal } from './cache-region.js';
import type { ReadOutcome } from './outcome.js';
import type { Reader } from './reader.js';

/** What a renewal needs of ordinary reads. */
interface Reads {
  waitFor(flight: LoadFlight, reader: Reader, leads: boolean): Promise<ReadOutcome | undefined>;
  answer(reader: Reader): Promise<ReadOutcome>;
}

/**
 * Loads that are asked for whatever there is. One runs at a time for a key, and one more for all who ask meanwhile:
 * what the first has read may be from before a change that they know of.
 */
export class Renewals {
  constructor(
    private readonly reads: Reads,
    private readonly load: (flight: LoadFlight, reader: Reader) => Promise<FlightResult>,
  ) {}

  /** The answer of a load that began after this call. */
  async renew(reader: Reader): Promise<ReadOutcome> {
    const { region, key, transaction, request } = reader;
    const running = transaction === undefined ? region.renewals.get(key) : undefined;
    let outcome: ReadOutcome | undefined;
    if (running === undefined) outcome = await this.reads.waitFor(this.#begin(reader), reader, true);
    else {
      running.next ??= running.ended.then(() => this.#begin(reader));
      outcome = await this.reads.waitFor(await running.next, reader, false);
    }
    return outcome ?? this.reads.answer({ ...reader, request: { ...request, refresh: false } });
  }

  #begin(reader: Reader): LoadFlight {
    const { region, key, transaction } = reader;
    const { flights, renewals } = region;
    const flight = transaction === undefined ? flights.open(key) : flights.unlisted();
    const ended = this.load(flight, reader).then(
      (result) => flights.land(key, flight, result),
      (error: unknown) => flights.fail(key, flight, error),
    );
    if (transaction !== undefined) return flight;
    const renewal: Renewal = { ended, next: undefined };
    renewals.set(key, renewal);
    void ended.then(() => renewals.get(key) === renewal && renewals.delete(key));
    return flight;
  }
}
