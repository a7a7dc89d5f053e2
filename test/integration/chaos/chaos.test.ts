import { describe, expect, it } from 'vitest';
import { chaosMutants } from './chaos-mutants.js';
import type { ChaosRun } from './chaos-run.js';
import { runChaos } from './chaos.js';

const RUNS: readonly ChaosRun[] = [
  { topology: 'standalone', flavour: 'redis', seed: 1, seconds: 9 },
  { topology: 'sentinel', flavour: 'valkey', seed: 2, seconds: 8 },
  { topology: 'cluster', flavour: 'redis', seed: 3, seconds: 8 },
];

describe('processes over real servers while everything goes wrong', () => {
  it.each(RUNS)('keep their promises: $topology, $flavour', async (run) => {
    const { violations, ...report } = await runChaos(run);
    expect(violations, `faults: ${report.timeline.join('\n')}`).toEqual([]);
    expect(report.errors).toBe(0);
    // where nobody reads, nothing is old, or nothing goes wrong, nothing is proved
    expect(report.reads).toBeGreaterThan(500);
    expect(report.readsWhileAway).toBeGreaterThan(50);
    expect(report.largestStalenessMs).toBeGreaterThan(0);
    expect(Object.keys(report.faults).length).toBeGreaterThan(3);
    const worst = run.topology === 'standalone' ? 'kill -9 of the server, empty' : 'failover';
    expect(report.faults).toHaveProperty([worst]);
  });

  it('are found out when a queued invalidation is dropped', async () => {
    const mutant = chaosMutants.find(({ rule }) => rule === 'a queued invalidation is delivered some time')!;
    const run = { topology: 'standalone', flavour: 'redis', seed: 1, seconds: 2 } as const;
    const { violations } = await runChaos(run, mutant);
    expect(violations).not.toEqual([]);
  });
});
