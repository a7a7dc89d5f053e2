import type { CacheEventListener } from '../cache.events.js';
import type { Runtime } from '../cache.runtime.js';
import type { Tracing } from '../cache.tracing.js';
import type { LoadLock } from '../coalescing/load-lock.interface.js';
import type { Once } from '../coalescing/once.js';
import type { EdgeCopies } from '../edge/edge-copies.interface.js';
import type { OpenIdFilter } from '../known-ids/id-filter.interface.js';
import type { ConsistencyProbe, ProbeParts } from '../probe/consistency-probe.js';
import type { Journal } from '../journal/journal.interface.js';
import type { ProcessList } from '../processes/process-list.interface.js';
import type { SharedTier } from '../tiers/tier.interface.js';
import type { QueuedCache, QueueLimits, WriteQueue } from '../write-behind/write-queue.interface.js';
import type { BackgroundWork } from './background-work.js';

/** What the flows of one registration work with. Which implementations these are is decided in `cache.providers`. */
export interface EngineParts {
  readonly runtime: Runtime;
  readonly journal: Journal;
  readonly shared: SharedTier;
  readonly locks: LoadLock;
  readonly once: Once;
  /** Where the writes of a cache wait for their sink. */
  readonly writeQueue: (cache: QueuedCache, limits: QueueLimits) => WriteQueue;
  readonly openIdFilter: OpenIdFilter;
  /** Which processes there are. */
  readonly processes: ProcessList;
  readonly background: BackgroundWork;
  readonly emit: CacheEventListener;
  readonly tracing: Tracing;
  readonly maxStalenessMs: number;
  /** What may be served while the journal can't be confirmed. */
  readonly degraded: {
    /** An entry that was true so long ago still is an answer, ms. */
    readonly answersForMs: number;
    /** Where the loader has none to give, this old ones are; ms. */
    readonly maxAgeMs: number;
  };
  readonly lockTimeoutMs: number;
  readonly edge: EdgeCopies;
  /** Opens what asks every process what it would still serve; `undefined` where nobody is to be asked. */
  readonly openProbe?: ((parts: Pick<ProbeParts, 'served'>) => ConsistencyProbe) | undefined;
  /** Ends connections. */
  readonly disconnect: () => Promise<void>;
}
