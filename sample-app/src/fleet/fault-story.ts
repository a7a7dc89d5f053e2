import type { Faults } from '../driver/measured-run.js';
import type { Outage } from '../driver/promise.js';

/** Something that goes wrong. */
export interface PlannedFault {
  /** How much of a run is done when it begins. */
  share: number;
  /** Resolves when it is made good. */
  happen: () => Promise<Outage[]>;
}

/** What goes wrong in the course of a run, one thing after the other. */
export class FaultStory implements Faults {
  readonly outages: Outage[] = [];
  private readonly ahead: PlannedFault[];
  private story = Promise.resolve();

  constructor(
    plan: readonly PlannedFault[],
    readonly needsTraffic = false,
  ) {
    this.ahead = [...plan];
  }

  reached(share: number): void {
    for (let next = this.ahead[0]; next && next.share <= share; next = this.ahead[0]) {
      const { happen } = next;
      this.ahead.shift();
      this.story = this.story.then(async () => void this.outages.push(...(await happen())));
      this.story.catch(() => {}); // `over` tells
    }
  }

  over(): Promise<void> {
    return this.story;
  }
}
