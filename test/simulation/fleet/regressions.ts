import type { Mutant } from '../mutants.js';
import type { FleetProgram } from './fleet-program.js';

/** Histories that went wrong once, as short as they could be made, and what was learnt from them. */
export const regressions: readonly { readonly mutant: Mutant; readonly program: FleetProgram }[] = [
  {
    mutant: {
      rule: 'of what is older than a clock that was set, the age isn’t known',
      file: 'lib/flow/reader-judge.ts',
      find: 'if (!isTrusted && !this.#hasAge(entry)) return',
      replace: 'if (!isTrusted && entry.order < 0) return',
    },
    program: {
      seed: 1,
      profile: 'clocks',
      settings: {
        ttlMs: 150,
        graceMs: 0,
        earlyRefresh: 0,
        maxStalenessMs: [200, 200, 200],
        wallOffsetsMs: [0, 0, 0],
        serveStaleMs: 0,
        memoryEntries: 1000,
        maxRecords: 3,
        longestLoadMs: 0,
        failureRate: 0,
        latencyMs: 1,
        lateness: 0,
        laggingReads: 0,
        softTimeoutMs: 0,
        readEveryMs: 40,
        writeEveryMs: 0,
        pageSize: 2,
        replicated: false,
      },
      processes: [
        [[{ kind: 'overtaken', target: 0, soft: false, pauseMs: 2 }]],
        [
          [
            { kind: 'write', target: 0, via: 'key', soft: false, settled: false, lagMs: 1, pauseMs: 95 },
            { kind: 'page', target: 1, strong: false, pauseMs: 22 },
            { kind: 'get', target: 0, pauseMs: 40 },
            { kind: 'row', target: 0, strong: false, pauseMs: 96 },
            { kind: 'write', target: 0, via: 'key', soft: false, settled: false, lagMs: 4, pauseMs: 6 },
            { kind: 'burst', targets: [0, 2], pauseMs: 83 },
            { kind: 'row', target: 0, strong: false, pauseMs: 0 },
          ],
        ],
        [
          [{ kind: 'row', target: 2, strong: true, pauseMs: 0 }],
          [
            { kind: 'burst', targets: [0, 2], pauseMs: 78 },
            { kind: 'page', target: 0, strong: false, pauseMs: 41 },
          ],
        ],
      ],
      faults: [
        { kind: 'wall-clock', process: 2, byMs: -60000, atMs: 207 },
        { kind: 'cut', process: 2, link: 'both', forMs: 362, atMs: 263 },
        { kind: 'flush', atMs: 3 },
      ],
    },
  },
];
