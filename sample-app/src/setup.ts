import type { Manners } from './driver/driver.js';
import type { Faults, Judge, Run } from './driver/measured-run.js';
import type { MeasuredShop } from './driver/meter.js';
import type { ViewsCheck } from './driver/views.js';
import type { Aim, Figures } from './report/figures.js';

export interface OpenShop extends MeasuredShop {
  close(): Promise<void>;
}

/** A run, and what the database has counted of it. */
export interface CountedRun extends Run {
  viewsCheck: ViewsCheck;
}

/** Of both runs. */
export interface Compared<What> {
  without: What;
  cached: What;
}

/** What there is to say besides the figures of every run. */
export interface Verdict {
  aims: readonly Aim[];
  /** A sentence each. */
  notes: readonly string[];
  /** What is written as JSON beside the figures. */
  more: object;
}

/** A way to run the shop: in one process, in several, as separate services. */
export interface Setup<Shop extends OpenShop = OpenShop> {
  open(databaseUrl: string, cached: boolean): Promise<Shop>;
  readonly manners?: Manners;
  /** What happens to the one with the cache. */
  faultsOf?(shop: Shop): Faults | undefined;
  /** Which of the late answers are older than promised, where it isn't `breaksPromise` that says so. */
  readonly isBroken?: Judge;
  /** Called while the shop with the cache is still open. */
  judge(runs: Compared<Run>, figures: Compared<Figures>, shop: Shop): Promise<Verdict> | Verdict;
  /** What to type to see it at work. */
  tour(shop: Shop): string;
  /** What all shops have shared. */
  close?(): Promise<void>;
}
