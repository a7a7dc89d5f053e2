import { setTimeout as pause } from 'node:timers/promises';
import { monotonicMs } from './chaos-run.js';
import type { LossWindow } from './chaos-history.js';

/** What a fault may ask of the one who lets it happen. */
export class FaultScene {
  /** When no server answered. */
  readonly away: [from: number, to: number][] = [];

  constructor(
    private readonly random: () => number,
    /** Runs it while every process is alive and awake; resolves once they have found out what it led to. */
    private readonly whileAwake: (work: () => Promise<void>) => Promise<void>,
    private readonly losses: LossWindow[],
  ) {}

  between(least: number, most: number): number {
    return least + (most - least) * this.random();
  }

  async pause(leastMs: number, mostMs: number): Promise<void> {
    await pause(this.between(leastMs, mostMs));
  }

  /** No server answers from the begin to the end of it. */
  async whileAway(work: () => Promise<void>): Promise<void> {
    const from = monotonicMs();
    await work();
    this.away.push([from, monotonicMs()]);
  }

  /**
   * A server that holds acknowledged records is lost. Their writers know and say so, so they have to live to see it.
   * @param work tells when the server is gone, and how long before that records may have come to nobody else
   */
  async losing(work: (lost: (recentMs: number) => void) => Promise<void>): Promise<void> {
    const windows: Omit<LossWindow, 'foundAt'>[] = [];
    await this.whileAwake(() =>
      work((recentMs) => {
        const to = monotonicMs();
        windows.push({ from: to - recentMs, to });
      }),
    );
    const foundAt = monotonicMs();
    this.losses.push(...windows.map((window) => ({ ...window, foundAt })));
  }
}
