import fc from 'fast-check';

/** What one actor does next; `pauseMs` comes first. */
export type Operation = { readonly pauseMs: number } & (
  | { readonly kind: 'row' | 'page' | 'site'; readonly target: number; readonly strong: boolean }
  | { readonly kind: 'many'; readonly targets: readonly number[] }
  /** A read that loads nothing; a change nobody is told of, left to the ttl. */
  | { readonly kind: 'get' | 'quiet'; readonly target: number }
  | {
      readonly kind: 'write';
      readonly target: number;
      readonly via: Via;
      readonly soft: boolean;
      readonly lagMs: number;
    }
  | { readonly kind: 'put'; readonly target: number }
  | {
      readonly kind: 'transaction';
      readonly targets: readonly number[];
      readonly commits: boolean;
      readonly put: boolean;
    }
);

export type Via = 'key' | 'tag' | 'group' | 'cache' | 'everything';

export interface Settings {
  readonly ttlMs: number;
  readonly graceRevalidateMs: number;
  readonly graceErrorMs: number;
  readonly earlyRefresh: number;
  readonly jitter: number;
  readonly isolation: 'copy' | 'frozen' | 'shared';
  readonly maxEntries: number;
  readonly eviction: 'sieve' | 'lru';
  readonly softTimeoutMs: number;
  readonly hardTimeoutMs: number;
  readonly longestLoadMs: number;
  readonly failureRate: number;
  readonly journalMaxRecords: number;
}

/** Everything that happens in one run, but for the seed of the world it happens in. */
export interface Program {
  readonly seed: number;
  readonly settings: Settings;
  readonly actors: readonly (readonly Operation[])[];
}

export const ROWS = 4;
const row = fc.nat(ROWS - 1);
const pauseMs = fc.oneof(fc.constant(0), fc.nat(15), fc.nat(60), fc.nat(150));

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('row' as const), target: row, strong: fc.boolean(), pauseMs }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('page' as const), target: fc.nat(1), strong: fc.boolean(), pauseMs }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('site' as const), target: fc.constant(0), strong: fc.boolean(), pauseMs }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('many' as const),
      targets: fc.uniqueArray(row, { minLength: 1 }),
      pauseMs,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('get' as const), target: row, pauseMs }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('quiet' as const), target: row, pauseMs }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      target: row,
      via: fc.constantFrom<Via>('key', 'tag', 'group', 'cache', 'everything'),
      soft: fc.boolean(),
      lagMs: fc.nat(10),
      pauseMs,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('put' as const), target: row, pauseMs }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('transaction' as const),
      targets: fc.uniqueArray(row, { minLength: 1, maxLength: 2 }),
      commits: fc.boolean(),
      put: fc.boolean(),
      pauseMs,
    }),
  },
);

const settings: fc.Arbitrary<Settings> = fc.record({
  ttlMs: fc.constantFrom(20, 100, 1_000),
  graceRevalidateMs: fc.constantFrom(0, 0, 50),
  graceErrorMs: fc.constantFrom(0, 0, 200),
  earlyRefresh: fc.constantFrom(0, 1),
  jitter: fc.constantFrom(0, 0.3),
  isolation: fc.constantFrom('copy' as const, 'frozen' as const, 'shared' as const),
  maxEntries: fc.constantFrom(2, 1_000, 1_000),
  eviction: fc.constantFrom('sieve' as const, 'lru' as const),
  softTimeoutMs: fc.constantFrom(0, 0, 5),
  hardTimeoutMs: fc.constantFrom(0, 0, 15),
  longestLoadMs: fc.constantFrom(0, 10, 40),
  failureRate: fc.constantFrom(0, 0, 0.3),
  journalMaxRecords: fc.constantFrom(3, 1_000),
});

export const program: fc.Arbitrary<Program> = fc.record({
  seed: fc.nat(0x7fffffff),
  settings,
  actors: fc.array(fc.array(operation, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 5 }),
});
