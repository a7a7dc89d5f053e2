import type { Runtime, Timer } from '../cache.runtime.js';
import { Tracing } from '../cache.tracing.js';
import type { EntryAddress } from '../entry/entry-address.js';
import type { LockReply, RedisCommands } from '../redis/redis-commands.interface.js';
import type { RedisKeys } from '../redis/redis-keys.js';
import { releaseLock, renewLock } from '../redis/scripts.js';
import { LIMITS } from '../cache.constants.js';
import { pagesOf } from '../entry/pages.js';
import type { Lease, LoadLock, LockAttempt, ManyLocksAttempt } from './load-lock.interface.js';

/** Where the lock can't be reached everybody loads. */
const UNGUARDED: LockAttempt = { lease: { release: () => Promise.resolve() }, found: undefined };

/** A short-lived key with a token for each load; renewed while the load runs, so that a crash costs its life at most. */
export class RedisLoadLock implements LoadLock {
  readonly #prefix: string;
  #tokens = 0;
  readonly #held = new Set<RedisLease>();

  constructor(
    private readonly commands: RedisCommands,
    private readonly keys: RedisKeys,
    private readonly runtime: Runtime,
    private readonly lifeMs: number,
    private readonly tracing = new Tracing(),
  ) {
    this.#prefix = `${Math.floor(runtime.random() * 2 ** 52).toString(36)}-`;
  }

  async tryAcquire({ cache, schema, key }: EntryAddress): Promise<LockAttempt> {
    const address = this.keys.lock(this.keys.entry(cache, schema, key));
    const token = this.#token();
    try {
      const { acquired, found } = await this.commands.acquire(address, token, this.lifeMs);
      return { lease: acquired ? this.#leaseOf([address.lock], token) : undefined, found };
    } catch {
      return UNGUARDED;
    }
  }

  async tryAcquireMany(addresses: readonly EntryAddress[]): Promise<ManyLocksAttempt> {
    const leases: Lease[] = [];
    const replies: LockReply[] = [];
    for (const page of pagesOf(addresses, LIMITS.page)) {
      const locks = page.map(({ cache, schema, key }) => this.keys.lock(this.keys.entry(cache, schema, key)));
      const token = this.#token();
      try {
        const answered = await this.commands.acquireMany(locks, token, this.lifeMs);
        const got = locks.filter((_, index) => answered[index]!.acquired).map(({ lock }) => lock);
        if (got.length > 0) leases.push(this.#leaseOf(got, token));
        replies.push(...answered);
      } catch {
        break;
      }
    }
    return {
      lease: leases.length === 0 && replies.length === addresses.length ? undefined : together(leases),
      acquired: addresses.map((_, index) => replies[index]?.acquired ?? true),
      found: addresses.map((_, index) => replies[index]?.found),
    };
  }

  #token(): string {
    return `${this.#prefix}${(++this.#tokens).toString(36)}`;
  }

  #leaseOf(locks: readonly string[], token: string): Lease {
    const { commands, runtime, tracing, lifeMs } = this;
    const lease = new RedisLease({ commands, runtime, tracing }, { locks, token, lifeMs }, () =>
      this.#held.delete(lease),
    );
    this.#held.add(lease);
    return lease;
  }

  /** Locks of loads that are still running. */
  get held(): number {
    let count = 0;
    for (const { size } of this.#held) count += size;
    return count;
  }
}

/** Several leases as one. */
const together = (leases: readonly Lease[]): Lease => ({
  release: async () => void (await Promise.all(leases.map(async (lease) => lease.release()))),
});

interface LeaseParts {
  readonly commands: RedisCommands;
  readonly runtime: Runtime;
  readonly tracing: Tracing;
}

interface LeaseTerms {
  readonly locks: readonly string[];
  readonly token: string;
  readonly lifeMs: number;
}

class RedisLease implements Lease {
  #timer: Timer | undefined;
  #released = false;

  constructor(
    private readonly parts: LeaseParts,
    private readonly terms: LeaseTerms,
    private readonly ended: () => void,
  ) {
    this.#renewLater();
  }

  get size(): number {
    return this.terms.locks.length;
  }

  #renewLater(): void {
    this.#timer = this.parts.runtime.after(this.terms.lifeMs / 3, () => void this.#renew(), { background: true });
  }

  async #renew(): Promise<void> {
    const { locks, token, lifeMs } = this.terms;
    let isOurs = true;
    try {
      isOurs = await this.parts.commands.runForEach(renewLock, locks, [token, lifeMs]);
    } catch {
      // the next try may get through before its life ends
    }
    if (isOurs && !this.#released) this.#renewLater();
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#timer?.cancel();
    this.ended();
    const { commands, tracing } = this.parts;
    const { locks, token } = this.terms;
    try {
      // no reader waits for it
      await tracing.detached(async () => commands.runForEach(releaseLock, locks, [token]));
    } catch {
      // its life will end
    }
  }
}
