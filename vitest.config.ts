import { defineConfig } from 'vitest/config';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const alias = [
  { find: /^nestjs-hybrid-cache\/testing$/, replacement: here('./lib/testing/index.ts') },
  { find: /^nestjs-hybrid-cache\/events$/, replacement: here('./lib/events/index.ts') },
  { find: /^nestjs-hybrid-cache\/metrics$/, replacement: here('./lib/metrics/index.ts') },
  { find: /^nestjs-hybrid-cache\/board$/, replacement: here('./lib/board/index.ts') },
  { find: /^nestjs-hybrid-cache$/, replacement: here('./lib/index.ts') },
];
const project = (name: string, include: string[], more: object) => ({
  resolve: { alias },
  test: { name, include, setupFiles: [here('./test/support/setup.ts')], ...more },
});
/** What only computes, or compiles, has every processor. */
const computing = { maxWorkers: availableParallelism(), sequence: { groupOrder: 0 } };
/** What starts servers and processes waits for them most of the time, so two files at a time have enough of a processor. */
const serving = { maxWorkers: 2, sequence: { groupOrder: 1 } };
/** What drives brokers or the shop with all there is runs a file at a time. */
const driving = { maxWorkers: 1, sequence: { groupOrder: 2 } };

/** Ten thousand events at once over every broker, elections, a browser at a keyboard: what runs beside would be in their way. */
const ALONE = [
  'test/integration/events/conformance.test.ts',
  'test/integration/board/**/*.test.ts',
  'test/integration/servers.test.ts',
  'test/integration/redis-failover.test.ts',
];

export default defineConfig({
  test: {
    reporters: ['default', './tools/closing-reporter.mjs'],
    projects: [
      project('unit', ['test/unit/**/*.test.ts', 'test/contract/**/*.test.ts'], {
        ...computing,
        testTimeout: 30_000,
      }),
      project('simulation', ['test/simulation/**/*.test.ts'], { ...computing, testTimeout: 240_000 }),
      project('nest', ['test/e2e/**/*.test.ts'], { ...computing, testTimeout: 20_000 }),
      project('integration', ['test/integration/**/*.test.ts'], {
        ...serving,
        exclude: ALONE,
        testTimeout: 60_000,
        hookTimeout: 120_000,
      }),
      project('alone', ALONE, { ...driving, testTimeout: 60_000, hookTimeout: 120_000 }),
      project('shop', ['test/shop/**/*.test.ts'], { ...driving, testTimeout: 60_000, hookTimeout: 60_000 }),
      project('package', ['test/package/**/*.test.ts', 'test/types/**/*.test.ts', 'test/docs/**/*.test.ts'], {
        ...computing,
        testTimeout: 120_000,
        hookTimeout: 120_000,
      }),
    ],
  },
});
