/** How long after an invalidation it is looked, ms. */
export const PROBE_WINDOWS_MS = [100, 1_000, 10_000] as const;

/** Something that would still have been served, and what is known of how that came about. */
export interface ProbeFinding {
  readonly cache: string;
  readonly key: string;
  readonly tag: string;
  readonly windowMs: number;
  /** The position of the record of the invalidation. */
  readonly record: number;
  /** Where the journal stood when the entry was loaded. */
  readonly entryPosition: number;
  /** Where it stands in this process. */
  readonly applied: number;
  /** How far that is behind what is known to exist, ms. */
  readonly lag: number;
  readonly lastDoubt: string | undefined;
  /** Epoch ms. */
  readonly at: number;
}

export interface ProbeWindow {
  readonly windowMs: number;
  /** Invalidations that were looked for. */
  readonly checked: number;
  /** Those after which something old would have been served. */
  readonly stale: number;
  /** The part that was fresh; 1 when nothing was checked. */
  readonly consistency: number;
}

export interface ProbeStatus {
  readonly windows: readonly ProbeWindow[];
  /** Old values after the promise had run out: there are none, or there is a fault. */
  readonly violations: number;
  /** The last findings, newest first. */
  readonly findings: readonly ProbeFinding[];
}

const FINDINGS_KEPT = 50;

export class ProbeCounts {
  readonly #windows = new Map<number, { checked: number; stale: number }>(
    PROBE_WINDOWS_MS.map((ms) => [ms, { checked: 0, stale: 0 }]),
  );
  #violations = 0;
  #findings: ProbeFinding[] = [];

  /** @param boundMs from when on something old is a violation */
  constructor(private readonly boundMs: number) {}

  fresh(windowMs: number): void {
    this.#windows.get(windowMs)!.checked++;
  }

  stale(windowMs: number, finding: ProbeFinding): void {
    const window = this.#windows.get(windowMs)!;
    window.checked++;
    window.stale++;
    if (windowMs >= this.boundMs) this.#violations++;
    this.#findings = [finding, ...this.#findings].slice(0, FINDINGS_KEPT);
  }

  status(): ProbeStatus {
    return {
      windows: [...this.#windows].map(([windowMs, { checked, stale }]) => ({
        windowMs,
        checked,
        stale,
        consistency: checked === 0 ? 1 : 1 - stale / checked,
      })),
      violations: this.#violations,
      findings: this.#findings,
    };
  }
}
