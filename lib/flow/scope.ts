import { AsyncLocalStorage } from 'node:async_hooks';
import type { WaitingFlight } from '../coalescing/single-flight.js';
import { ANY_RECORD, softTag } from '../entry/tags.js';
import type { LoadCollector } from './load-collector.js';
import type { ReadOutcome } from './outcome.js';

/** Invalidations that wait for a transaction to be committed, and what its own reads have to know of them. */
export class Transaction {
  readonly tags = new Set<string>();
  /** What is to be invalidated a second time, so long after the commit. */
  readonly again: { readonly tags: readonly string[]; readonly afterMs: number }[] = [];
  /** What else is to happen when it is committed, after its invalidations. */
  readonly afterwards: (() => void)[] = [];
  /** Committed or rolled back: an invalidation from what still runs in its context isn't part of it. */
  ended = false;

  constructor(
    /** Whose transaction it is: several caches may live in one process. */
    readonly owner: object,
    readonly parent: Transaction | undefined,
  ) {}

  collect(tags: readonly string[]): void {
    for (const tag of tags) this.tags.add(tag);
  }

  /** Whether one of these tags, or its shadow, was invalidated inside. */
  touches(tags: readonly string[]): boolean {
    const isHit = (tag: string): boolean => tag === ANY_RECORD || this.tags.has(tag) || this.tags.has(softTag(tag));
    const here = this.tags.size > 0 && tags.some(isHit);
    return here || (this.parent?.touches(tags) ?? false);
  }
}

/** Takes down how a read of a cache ended. */
export type Tally = (cache: string, kind: ReadOutcome['kind']) => void;

/** What the calls inside a loader, a transaction or a bypass inherit. */
export interface Scope {
  /** Everything goes to the source. */
  readonly bypass: boolean;
  /** Cached calls inside are strong. */
  readonly strong: boolean;
  readonly transaction: Transaction | undefined;
  /** The load that is running, which takes up the tags and the expiry of what it reads. */
  readonly load: LoadCollector | undefined;
  /** The flights this code runs in, innermost first: it mustn't wait for one of them. */
  readonly flights: readonly WaitingFlight[];
  /** Told of the tags of every invalidation inside, with their prefix. */
  readonly witness?: ((tags: readonly string[]) => void) | undefined;
  /** Told how reads inside ended, instead of the counters: nobody asked for them. Loads inside begin without it. */
  readonly tally?: Tally | undefined;
}

const OUTSIDE: Scope = { bypass: false, strong: false, transaction: undefined, load: undefined, flights: [] };

// The first `run` makes every await of a Node 20 or 22 process dearer, so nothing runs before somebody needs it;
// asking for the store is cheap at any time. One for the process, because a scope of one cache may be inside another's.
const storage = new AsyncLocalStorage<Scope>();

/** The scope this code runs in, if any. */
export const currentScope = (): Scope | undefined => storage.getStore();

/**
 * The innermost transaction around this code that belongs to `owner`, ended or not: code that still runs in the context
 * of one that has ended, because nobody waited for it, may still see rows that were never committed.
 */
export function surroundingTransaction(owner: object): Transaction | undefined {
  let transaction = storage.getStore()?.transaction;
  while (transaction !== undefined && transaction.owner !== owner) transaction = transaction.parent;
  return transaction;
}

/** The innermost one that is still open, and can take something in. */
export function openTransaction(owner: object): Transaction | undefined {
  let transaction = surroundingTransaction(owner);
  while (transaction !== undefined && (transaction.ended || transaction.owner !== owner))
    transaction = transaction.parent;
  return transaction;
}

/** Runs inside a scope that differs from the current one as said. */
export function withScope<T>(change: Partial<Scope>, run: () => T): T {
  return storage.run({ ...(storage.getStore() ?? OUTSIDE), ...change }, run);
}

/** Runs as if nobody had called: work in the background belongs to no load and no transaction. */
export function outsideScopes<T>(run: () => T): T {
  return storage.getStore() === undefined ? run() : storage.run(OUTSIDE, run);
}

/** What is read inside is counted again. */
export const withoutTally = <T>(run: () => T): T =>
  storage.getStore()?.tally === undefined ? run() : withScope({ tally: undefined }, run);

// For loads that stay clear of asynchronous context: known to the loader until it first awaits.
let synchronousLoad: LoadCollector | undefined;

/** Runs the synchronous part of a loader with `currentLoad()` at work, and nothing after it. */
export function withSynchronousLoad<T>(load: LoadCollector, run: () => T): T {
  const outer = synchronousLoad;
  synchronousLoad = load;
  try {
    return run();
  } finally {
    synchronousLoad = outer;
  }
}

/** The load whose loader is running here. */
export const runningLoad = (): LoadCollector | undefined => synchronousLoad ?? storage.getStore()?.load;
