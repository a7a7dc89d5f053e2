import { parseArgs } from 'node:util';
import pg from 'pg';
import { bundleWithMutant } from '../../support/mutant-bundle.js';
import { startPostgres } from '../../support/servers/postgres.js';
import { startRedis } from '../../support/servers/redis-server.js';
import { killRun } from './kill-run.js';

const { values } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' } } });
const runs = Number(values.runs ?? 200);
const first = Number(values.seed ?? Date.now() % 1_000_000);
if (!(runs > 0) || !Number.isSafeInteger(first)) throw new Error('--runs takes a number, --seed a whole number');

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
const postgres = await startPostgres();
const database = new pg.Pool({ connectionString: postgres.url });
const script = await bundleWithMutant('test/support/processes/writer.process.ts', '.tmp/kills/writer.mjs');
const total = { runs: 0, acknowledged: 0, refused: 0, reads: 0, processes: 0, redis: 0, violations: 0 };
try {
  for (; total.runs < runs; total.runs++) {
    const seed = first + total.runs;
    const report = await killRun({ redis, database, databaseUrl: postgres.url, script }, seed);
    for (const count of ['acknowledged', 'refused', 'reads'] as const) total[count] += report[count];
    total.processes += report.kills.processes;
    total.redis += report.kills.redis;
    total.violations += report.violations.length;
    for (const violation of report.violations) say(`seed ${seed}: ${violation}`);
    if ((total.runs + 1) % 20 === 0) say(JSON.stringify(total));
  }
} finally {
  await database.end();
  await Promise.all([redis.stop(), postgres.stop()]);
}
say(
  `${total.runs} runs from seed ${first}: ${total.acknowledged} writes acknowledged, ${total.refused} not, ${total.reads} reads; ` +
    `${total.processes} processes and Redis ${total.redis} times killed; ${total.violations} violations`,
);
process.exitCode = total.violations === 0 ? 0 : 1;
