import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';

export const ROWS = 24;
export const PAGES = 6;
/** Of one page. */
export const ROWS_A_PAGE = ROWS / PAGES;

/** What a process is told when it is started. */
export interface WorkerSettings {
  readonly seed: number;
  readonly options: CacheModuleOptions;
  readonly readers: number;
  readonly writers: number;
}

export type ToWorker =
  | { readonly kind: 'begin'; readonly settings: WorkerSettings }
  /** What the source says to the question of that number: a version for each of the rows. */
  | { readonly kind: 'rows'; readonly id: number; readonly versions: readonly number[] }
  /** From now on nothing is changed. */
  | { readonly kind: 'calm' }
  /** No more reads at random: one of everything, and an account. */
  | { readonly kind: 'finish' };

/** What the checker is told; times by the clock that all processes share. */
export type WorkerEvent =
  | {
      readonly kind: 'read';
      readonly what: string;
      readonly strong: boolean;
      readonly begunAt: number;
      readonly endedAt: number;
      /** Row and version in turns. */
      readonly seen: readonly number[];
    }
  | { readonly kind: 'rejected'; readonly what: string; readonly at: number; readonly message: string }
  | {
      readonly kind: 'called';
      readonly id: number;
      readonly what: string;
      readonly at: number;
      readonly rows: readonly number[];
      readonly soft: boolean;
      /** Of a row that was written: only what it was before is made stale, and not what somebody has made of it since. */
      readonly written?: number;
    }
  /** Its caller goes on, and was told this. */
  | {
      readonly kind: 'returned';
      readonly id: number;
      readonly at: number;
      readonly status: 'applied' | 'queued' | 'unknown';
      readonly settled: boolean;
    }
  /** Every invalidation that had returned is in the journal. */
  | { readonly kind: 'drained'; readonly at: number };

export interface WorkerStatus {
  readonly trusted: boolean;
  readonly queued: number;
  /** Tags of invalidations that the journal hasn't acknowledged. */
  readonly pending: number;
}

/** What is left when everything should be over. */
export interface WorkerAccount {
  /** Operations that never ended. */
  readonly unended: readonly string[];
  readonly flights: number;
  /** What became of an invalidation when all was well again. */
  readonly lastInvalidation: string;
}

export type FromWorker =
  | { readonly kind: 'forked' }
  | { readonly kind: 'ask'; readonly id: number; readonly rows: readonly number[]; readonly writes: boolean }
  | { readonly kind: 'events'; readonly events: readonly WorkerEvent[] }
  | { readonly kind: 'status'; readonly status: WorkerStatus }
  | { readonly kind: 'finished'; readonly account: WorkerAccount };
