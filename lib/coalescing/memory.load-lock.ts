import type { EntryAddress } from '../entry/entry-address.js';
import type { Lease, LoadLock, LockAttempt, ManyLocksAttempt } from './load-lock.interface.js';

const LEASE: Lease = { release: () => Promise.resolve() };

/** Within one process single flight is all there is to it: everybody gets the right to load. */
export class MemoryLoadLock implements LoadLock {
  tryAcquire(): Promise<LockAttempt> {
    return Promise.resolve({ lease: LEASE, found: undefined });
  }

  tryAcquireMany(addresses: readonly EntryAddress[]): Promise<ManyLocksAttempt> {
    const found = addresses.map(() => undefined);
    return Promise.resolve({ lease: LEASE, acquired: addresses.map(() => true), found });
  }
}
