import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { seededRandom } from '../../support/seeded-random.js';
import { ChildCalls } from '../../support/processes/child-calls.js';
import type { WriterCalls } from '../../support/processes/writer-calls.js';
import { eventually } from '../../support/servers/eventually.js';
import type { RedisServer } from '../../support/servers/redis-server.js';

export interface KillWorld {
  /** With an append-only file that is synced for each command. */
  readonly redis: RedisServer;
  readonly database: pg.Pool;
  readonly databaseUrl: string;
  /** Of the processes. */
  readonly script?: string;
}

export interface KillReport {
  readonly seed: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly reads: number;
  readonly kills: { readonly processes: number; readonly redis: number };
  readonly violations: readonly string[];
}

const PROCESSES = 3;
const KEYS = 8;
const BUSY_MS = 1_200;
/** A lease has to run out, and a restarted Redis to be found; the rest is a batch or two. */
const REST_MS = 6_000;

/** What is known of one key: it is written by one client, one value after the other. */
interface Model {
  /** The last value that was acknowledged, and what was tried since. */
  acknowledged: number;
  tried: number;
}

/**
 * Clients write and read through processes that are killed, and so is Redis; then everything is left to come to rest,
 * and the database is compared with what was acknowledged.
 */
export async function killRun(
  { redis, database, databaseUrl, script = 'writer.process.ts' }: KillWorld,
  seed: number,
): Promise<KillReport> {
  const random = seededRandom(seed);
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low));
  const table = `rows_${seed}`;
  await database.query(`drop table if exists ${table}, ${table}_log`);
  await database.query(`create table ${table} (key text primary key, n int)`);
  await database.query(`create table ${table}_log (place bigserial primary key, key text, n int)`);
  const options = {
    namespace: `kill-${seed}`,
    jitter: 0,
    redis: { url: redis.url, commandTimeout: '1s' },
    caches: { rows: { writeBehind: { flushEvery: 10, batch: 3, lease: '1s', maxRetryPause: 100 } } },
  } as const;
  const start = async (): Promise<ChildCalls<WriterCalls>> => {
    const made = new ChildCalls<WriterCalls>(await ChildCalls.spawn(script));
    await made.call('open', { databaseUrl, table, options });
    return made;
  };
  const processes = await Promise.all(Array.from({ length: PROCESSES }, start));
  const anyOf = (): ChildCalls<WriterCalls> => processes[between(0, PROCESSES)]!;
  const violations: string[] = [];
  const counts = { acknowledged: 0, refused: 0, reads: 0 };
  const kills = { processes: 0, redis: 0 };
  const over = new AbortController();

  const models = Array.from({ length: KEYS }, (): Model => ({ acknowledged: 0, tried: 0 }));
  const client = async (model: Model, key: string): Promise<void> => {
    while (!over.signal.aborted) {
      const n = ++model.tried;
      try {
        await anyOf().call('write', key, n);
        model.acknowledged = n;
        counts.acknowledged++;
      } catch {
        counts.refused++;
      }
      const known = model.acknowledged;
      try {
        const { n: seen, sure } = await anyOf().call('read', key, table);
        if (sure) counts.reads++;
        if (sure && seen < known)
          violations.push(`key ${key}: ${known} was acknowledged, and a read that began later got ${seen}`);
      } catch {
        // its process was killed
      }
      await pause(between(0, 20));
    }
  };
  const killProcesses = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await pause(between(50, 500));
      const place = between(0, PROCESSES);
      await processes[place]!.kill();
      kills.processes++;
      processes[place] = await start();
    }
  };
  const killRedis = async (): Promise<void> => {
    await pause(between(100, BUSY_MS));
    if (over.signal.aborted || random() < 0.5) return;
    await redis.kill();
    kills.redis++;
    await pause(between(0, 300));
    await redis.restart();
  };

  try {
    const working = [...models.map((model, index) => client(model, `k${index}`)), killProcesses(), killRedis()];
    await pause(BUSY_MS);
    over.abort();
    await Promise.all(working);
    const isEmpty = async (): Promise<boolean> => (await anyOf().call('waiting')) === 0;
    await eventually('everything is written', isEmpty, { withinMs: REST_MS }).catch(({ message }: Error) =>
      violations.push(message),
    );
  } finally {
    over.abort();
    await Promise.all(processes.map(async (process) => process.kill().catch(() => undefined)));
  }
  violations.push(...(await compare(database, table, models)));
  return { seed, ...counts, kills, violations };
}

async function compare(database: pg.Pool, table: string, models: readonly Model[]): Promise<string[]> {
  const violations: string[] = [];
  const { rows } = await database.query<{ key: string; n: number }>(`select key, n from ${table}`);
  const found = new Map(rows.map(({ key, n }) => [key, n]));
  models.forEach(({ acknowledged, tried }, index) => {
    const n = found.get(`k${index}`) ?? 0;
    // what wasn't acknowledged may have been queued all the same
    if (n < acknowledged || n > tried)
      violations.push(`key k${index}: ${acknowledged} was acknowledged (${tried} tried), the database has ${n}`);
  });
  const { rows: log } = await database.query<{ key: string; n: number }>(
    `select key, n from ${table}_log order by place`,
  );
  const last = new Map<string, number>();
  for (const { key, n } of log) {
    if (n < (last.get(key) ?? 0)) violations.push(`key ${key}: ${n} was written after ${last.get(key)}`);
    last.set(key, n);
  }
  return violations;
}
