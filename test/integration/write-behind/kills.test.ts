import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type PostgresServer } from '../../support/servers/postgres.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { bundleWithMutant } from '../../support/mutant-bundle.js';
import { killMutants } from './kill-mutants.js';
import { killRun } from './kill-run.js';

const RUNS = 3;
const MOST_RUNS = 10;

describe('writes behind, while processes and Redis are killed', () => {
  let redis: RedisServer;
  let postgres: PostgresServer;
  let database: pg.Pool;
  beforeAll(async () => {
    redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    postgres = await startPostgres();
    database = new pg.Pool({ connectionString: postgres.url });
  });
  afterAll(async () => {
    await database?.end();
    await Promise.all([redis?.stop(), postgres?.stop()]);
  });

  it.each(Array.from({ length: RUNS }, (_, index) => 26_001 + index))(
    'lose nothing that was acknowledged, and keep the order of each key: seed %i',
    { timeout: 60_000 },
    async (seed) => {
      const report = await killRun({ redis, database, databaseUrl: postgres.url }, seed);
      expect(report.violations).toEqual([]);
      expect(report.acknowledged).toBeGreaterThan(20);
      expect(report.kills.processes).toBeGreaterThan(0);
    },
  );

  // what holds nothing up when it is gone isn't tried by the runs above
  it.each(killMutants)('are found out without the rule: $rule', { timeout: 120_000 }, async (mutant) => {
    const name = mutant.rule.replaceAll(/\W+/gu, '-');
    const script = await bundleWithMutant('test/support/processes/writer.process.ts', `.tmp/kills/${name}.mjs`, mutant);
    for (let seed = 1; seed <= MOST_RUNS; seed++) {
      const report = await killRun({ redis, database, databaseUrl: postgres.url, script }, seed);
      if (report.violations.length > 0) return;
    }
    expect.fail(`${MOST_RUNS} runs found nothing`);
  });
});
