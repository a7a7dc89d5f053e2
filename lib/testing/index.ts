export { TestClock } from './test-clock.js';
export { CacheTestingModule } from './cache-testing.module.js';

// the contracts of what holds entries, records and locks, and what an implementation needs
export { journalContract, type JournalUnderTest } from './contracts/journal.contract.js';
export { loadLockContract, type LoadLockUnderTest } from './contracts/load-lock.contract.js';
export { sharedTierContract, type SharedTierUnderTest } from './contracts/shared-tier.contract.js';
export type { Expectation, TestFunctions } from './contracts/test-functions.js';
export type { EntryAddress } from '../entry/entry-address.js';
export type { LoadMark } from '../entry/cache-entry.js';
export type { Lease, LoadLock, LockAttempt } from '../coalescing/load-lock.interface.js';
export type { AppendReceipt, Journal, JournalStatus, SharedJournalStatus } from '../journal/journal.interface.js';
export type { JournalRecord } from '../journal/journal-record.js';
export { JournalReplica, type Judged, type JournalVerdict, type WriteWatch } from '../journal/journal-replica.js';
export type { SharedTier } from '../tiers/tier.interface.js';
