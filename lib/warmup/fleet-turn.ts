import type { Runtime } from '../cache.runtime.js';
import type { LoadLock } from '../coalescing/load-lock.interface.js';
import type { EntryAddress } from '../entry/entry-address.js';
import type { SharedTier } from '../tiers/tier.interface.js';
import { whenAborted } from './abort.js';

export interface FleetTurnParts {
  readonly runtime: Runtime;
  readonly locks: LoadLock;
  readonly shared: SharedTier;
  readonly signal: AbortSignal;
}

/** Something that one process of the fleet is to do. */
export interface Turn {
  /** The same in every process. */
  readonly id: string;
  /** How long it counts as done, ms, when it took so long; 0: everybody whose turn it becomes does it. */
  readonly doneForMs: (tookMs: number) => number;
  /** @returns whether it is done; if not, another process may try at once. Must not reject. */
  readonly work: () => Promise<boolean>;
  /** Told once that somebody else is at it. */
  readonly onBusy?: (() => void) | undefined;
}

const DONE = Buffer.from('1');
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

/**
 * Work that one process of a fleet does while the others look on. The right to do it is a lock that its holder renews:
 * when the process dies, it ends within `loadLock.life`, and one of the others goes on. Without a Redis, and while it is
 * away, every process does the work for itself.
 */
export class FleetTurns {
  constructor(private readonly parts: FleetTurnParts) {}

  /** @returns who did it: `nobody` where this process ended before */
  async take({ id, doneForMs, work, onBusy }: Turn): Promise<'here' | 'elsewhere' | 'nobody'> {
    const { locks, shared, signal, runtime } = this.parts;
    // no cache can be called that
    const address: EntryAddress = { cache: '~warm', schema: 0, key: id };
    let isTold = false;
    for (let pauseMs = SHORTEST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const { lease, found } = await locks.tryAcquire(address);
      if (found !== undefined) {
        await lease?.release();
        return 'elsewhere';
      }
      if (lease !== undefined) {
        try {
          const begun = runtime.monotonic();
          const isDone = await work();
          const forMs = doneForMs(runtime.monotonic() - begun);
          // the mark is there before the lock goes, so that nobody finds neither
          if (isDone && forMs > 0) await shared.set(address, DONE, forMs);
        } finally {
          await lease.release();
        }
        return 'here';
      }
      if (!isTold) onBusy?.();
      isTold = true;
      await this.#pause(pauseMs);
    }
    return 'nobody';
  }

  async #pause(ms: number): Promise<void> {
    const { runtime, signal } = this.parts;
    const abort = whenAborted(signal);
    let over = (): void => undefined;
    const passed = new Promise<void>((resolve) => (over = resolve));
    const timer = runtime.after(ms, over, { background: true });
    await Promise.race([passed, abort.happened]);
    timer.cancel();
    abort.forget();
  }
}
