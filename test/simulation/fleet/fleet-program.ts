import fc from 'fast-check';

/** What an actor of a process does next; `pauseMs` comes first. */
export type FleetOperation = { readonly pauseMs: number } & (
  | { readonly kind: 'row' | 'page'; readonly target: number; readonly strong: boolean }
  | { readonly kind: 'many'; readonly targets: readonly number[] }
  | { readonly kind: 'get' | 'quiet' | 'put' | 'set'; readonly target: number }
  | {
      readonly kind: 'write';
      readonly target: number;
      readonly via: 'key' | 'tag' | 'cache' | 'everything';
      readonly soft: boolean;
      readonly settled: boolean;
      readonly lagMs: number;
    }
  /** A write, and in the same turn somebody else's change of the row. */
  | { readonly kind: 'overtaken'; readonly target: number; readonly soft: boolean }
  /** Several invalidations in one turn. */
  | { readonly kind: 'burst'; readonly targets: readonly number[] }
);

/** Something that happens to the fleet. */
export type Fault = { readonly atMs: number } & (
  | { readonly kind: 'cut'; readonly process: number; readonly forMs: number; readonly link: LinkName }
  | { readonly kind: 'swallow'; readonly process: number; readonly forMs: number; readonly link: LinkName }
  | { readonly kind: 'pause' | 'crash'; readonly process: number; readonly forMs: number }
  | { readonly kind: 'freeze'; readonly forMs: number }
  | { readonly kind: 'kill'; readonly forMs: number; readonly forgets: boolean }
  | { readonly kind: 'failover'; readonly forMs: number; readonly lossMs: number; readonly splitProcess: number }
  | { readonly kind: 'flush' | 'delete-clock' | 'delete-journal' | 'evict' | 'outgrow' }
  | { readonly kind: 'server-clock'; readonly byMs: number }
  | { readonly kind: 'wall-clock'; readonly process: number; readonly byMs: number }
);

export type LinkName = 'commands' | 'feed' | 'both';

export interface FleetSettings {
  readonly ttlMs: number;
  readonly graceMs: number;
  readonly earlyRefresh: number;
  /** Of each process. */
  readonly maxStalenessMs: readonly number[];
  readonly wallOffsetsMs: readonly number[];
  readonly serveStaleMs: number;
  readonly memoryEntries: number;
  readonly maxRecords: number;
  readonly longestLoadMs: number;
  readonly failureRate: number;
  readonly latencyMs: number;
  readonly lateness: number;
  readonly laggingReads: number;
  readonly softTimeoutMs: number;
  /** In every process somebody reads at this pace. */
  readonly readEveryMs: number;
  /** In every process somebody invalidates at this pace; 0: nobody. */
  readonly writeEveryMs: number;
  readonly pageSize: number;
  /** Whether invalidations are acknowledged by a replica. */
  readonly replicated: boolean;
}

/** One run, but for the seed of the world it happens in. */
export interface FleetProgram {
  readonly seed: number;
  readonly profile: string;
  readonly settings: FleetSettings;
  /** For each process its actors. */
  readonly processes: readonly (readonly (readonly FleetOperation[])[])[];
  readonly faults: readonly Fault[];
}

export const FLEET_ROWS = 4;
/** Everything that is drawn happens before; then the world is left in peace. */
export const EVENTFUL_MS = 2_400;
const PROCESSES = 3;

const row = fc.nat(FLEET_ROWS - 1);
const pauseMs = fc.oneof(fc.constant(0), fc.nat(20), fc.nat(150), fc.nat(500));
const kindOf = <K extends string>(kind: K): fc.Arbitrary<K> => fc.constant(kind);

const operation: fc.Arbitrary<FleetOperation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: kindOf('row'), target: row, strong: fc.boolean(), pauseMs }) },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('page'), target: fc.nat(1), strong: fc.boolean(), pauseMs }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kindOf('many'), targets: fc.uniqueArray(row, { minLength: 1 }), pauseMs }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('get', 'quiet', 'set'), target: row, pauseMs }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('put'), target: row, pauseMs }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kindOf('write'),
      target: row,
      via: fc.constantFrom('key', 'tag', 'cache', 'everything'),
      soft: fc.boolean(),
      settled: fc.boolean(),
      lagMs: fc.nat(10),
      pauseMs,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('overtaken'), target: row, soft: fc.boolean(), pauseMs }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kindOf('burst'), targets: fc.uniqueArray(row, { minLength: 2 }), pauseMs }),
  },
);

const atMs = fc.nat(EVENTFUL_MS - 1_000);
const process = fc.nat(PROCESSES - 1);
const link = fc.constantFrom<LinkName>('commands', 'feed', 'both', 'both');
const briefly = fc.oneof(fc.nat(100), fc.integer({ min: 300, max: 1_800 }));

const faults = {
  cut: fc.record({ kind: kindOf('cut'), process, link, forMs: briefly, atMs }),
  swallow: fc.record({ kind: kindOf('swallow'), process, link, forMs: briefly, atMs }),
  pause: fc.record({ kind: kindOf('pause'), process, forMs: briefly, atMs }),
  crash: fc.record({ kind: kindOf('crash'), process, forMs: fc.nat(300), atMs }),
  freeze: fc.record({ kind: kindOf('freeze'), forMs: briefly, atMs }),
  kill: fc.record({ kind: kindOf('kill'), forMs: fc.nat(800), forgets: fc.boolean(), atMs }),
  failover: fc.record({
    kind: kindOf('failover'),
    forMs: fc.nat(300),
    lossMs: fc.constant(0),
    splitProcess: fc.constant(-1),
    atMs,
  }),
  loss: fc.record({
    kind: kindOf('failover'),
    forMs: fc.nat(300),
    lossMs: fc.oneof(fc.constant(0), fc.nat(150)),
    splitProcess: fc.integer({ min: -1, max: PROCESSES - 1 }),
    atMs,
  }),
  state: fc.record({
    kind: fc.constantFrom('flush', 'delete-clock', 'delete-journal', 'evict', 'outgrow'),
    atMs,
  }),
  serverClock: fc.record({ kind: kindOf('server-clock'), byMs: fc.constantFrom(-60_000, -500, 500, 60_000), atMs }),
  wallClock: fc.record({
    kind: kindOf('wall-clock'),
    process,
    byMs: fc.constantFrom(-60_000, -700, -100, 100, 700, 60_000),
    atMs,
  }),
} satisfies Record<string, fc.Arbitrary<Fault>>;

/** Which faults come together. What the documentation excludes isn't drawn: a lost tail whose writer is dead, for one. */
export const PROFILES = {
  calm: [],
  network: [faults.cut, faults.swallow, faults.freeze],
  processes: [faults.pause, faults.crash, faults.cut, faults.swallow],
  servers: [faults.kill, faults.state, faults.cut, faults.pause, faults.failover, faults.swallow],
  losses: [faults.loss, faults.loss, faults.cut, faults.swallow, faults.pause],
  clocks: [faults.serverClock, faults.wallClock, faults.cut, faults.state],
} as const satisfies Record<string, readonly fc.Arbitrary<Fault>[]>;

const same = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  value.map((each) => Array.from({ length: PROCESSES }, () => each));
const each = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(value, { minLength: PROCESSES, maxLength: PROCESSES });

const settingsOf = (keepsClock: boolean): fc.Arbitrary<FleetSettings> =>
  fc.record({
    ttlMs: fc.constantFrom(150, 1_000, 5_000, 5_000),
    graceMs: fc.constantFrom(0, 0, 300),
    earlyRefresh: fc.constantFrom(0, 1),
    // where the clock may be lost, a process with a larger bound may be forgotten
    maxStalenessMs: keepsClock ? each(fc.constantFrom(200, 500)) : same(fc.constantFrom(200, 500)),
    wallOffsetsMs: each(fc.constantFrom(0, 0, -3_000, 100_000)),
    serveStaleMs: fc.constantFrom(0, 0, 0, 800),
    memoryEntries: fc.constantFrom(0, 2, 1_000, 1_000),
    maxRecords: fc.constantFrom(3, 1_000, 1_000),
    longestLoadMs: fc.constantFrom(0, 10, 60, 300),
    failureRate: fc.constantFrom(0, 0, 0.3),
    latencyMs: fc.constantFrom(1, 5, 30),
    lateness: fc.constantFrom(0, 0, 0.05),
    laggingReads: fc.constantFrom(0, 0, 0.2),
    softTimeoutMs: fc.constantFrom(0, 0, 20),
    readEveryMs: fc.constantFrom(40, 120),
    writeEveryMs: fc.constantFrom(0, 0, 0, 25, 100),
    pageSize: fc.constantFrom(2, 1_000),
    replicated: fc.boolean(),
  });

const actor = fc.array(operation, { minLength: 1, maxLength: 8 });

const withProfile = (profile: keyof typeof PROFILES): fc.Arbitrary<FleetProgram> => {
  const kinds: readonly fc.Arbitrary<Fault>[] = PROFILES[profile];
  return fc.record({
    seed: fc.nat(0x7fffffff),
    profile: fc.constant(profile),
    settings: settingsOf(profile === 'calm' || profile === 'network' || profile === 'processes'),
    processes: fc.array(fc.array(actor, { minLength: 1, maxLength: 2 }), {
      minLength: PROCESSES,
      maxLength: PROCESSES,
    }),
    faults: kinds.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 4 }),
  });
};

export const fleetProgram: fc.Arbitrary<FleetProgram> = fc.oneof(
  ...(Object.keys(PROFILES) as (keyof typeof PROFILES)[]).map(withProfile),
);
