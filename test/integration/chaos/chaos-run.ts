import type { ServerFlavour } from '../../support/servers/install.js';

export const TOPOLOGIES = ['standalone', 'sentinel', 'cluster'] as const;
export type Topology = (typeof TOPOLOGIES)[number];

/** What happens, and in which order, follows from the seed; when exactly, from the machine. */
export interface ChaosRun {
  readonly seed: number;
  readonly topology: Topology;
  readonly flavour: ServerFlavour;
  /** How long there are faults at least; starting, healing and the last reads come on top. */
  readonly seconds: number;
}

export interface ChaosReport {
  readonly violations: readonly string[];
  /** By kind. */
  readonly operations: Readonly<Record<string, number>>;
  /** By kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** The faults, each with its begin and end. */
  readonly timeline: readonly string[];
  readonly reads: number;
  /** Reads that began and ended while no server answered. */
  readonly readsWhileAway: number;
  /** Reads and invalidations that were rejected; each is a violation as well. */
  readonly errors: number;
  /** The longest time after its acknowledgement that a bounded read of another process began and saw the old value. */
  readonly largestStalenessMs: number;
  readonly maxStalenessMs: number;
  /** From the end of the last fault until every process trusted the journal and nothing waited for it. */
  readonly healedAfterMs: number;
}

/** Milliseconds by a clock that all processes of a machine share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
