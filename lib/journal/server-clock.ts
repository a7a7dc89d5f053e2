interface Sample {
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

const SAMPLES = 8;

/** How far the server's clock is ahead of this process's: as the quickest of the last answers says. */
export class ServerClock {
  #samples: Sample[] = [];
  offsetMs = 0;

  /** @param sentAt and `receivedAt` by the clock of this process, epoch ms */
  note(timeMs: number, sentAt: number, receivedAt: number): void {
    if (receivedAt < sentAt) return; // the clock was set back meanwhile
    const sample = { offsetMs: timeMs - (sentAt + receivedAt) / 2, roundTripMs: receivedAt - sentAt };
    this.#samples = [...this.#samples.slice(1 - SAMPLES), sample];
    this.offsetMs = this.#samples.reduce((best, each) => (each.roundTripMs <= best.roundTripMs ? each : best)).offsetMs;
  }

  /** One of the clocks has jumped. */
  forget(): void {
    this.#samples = [];
  }
}

/** Tells when the wall clock of this process was set, or the process was stopped together with one of its clocks. */
export class ClockWatch {
  #wall: number;
  #monotonic: number;

  constructor(
    private readonly clocks: { readonly now: () => number; readonly monotonic: () => number },
    private readonly toleranceMs: number,
  ) {
    this.#wall = clocks.now();
    this.#monotonic = clocks.monotonic();
  }

  /** Whether the two clocks went apart since the last look. */
  hasJumped(): boolean {
    const [wall, monotonic] = [this.clocks.now(), this.clocks.monotonic()];
    const apartMs = wall - this.#wall - (monotonic - this.#monotonic);
    this.#wall = wall;
    this.#monotonic = monotonic;
    return Math.abs(apartMs) > this.toleranceMs;
  }
}
