import { setTimeout as pause } from 'node:timers/promises';
import { startPostgresServer } from '../harness/postgres-server.mjs';
import { emptied, redisAddress } from '../harness/redis.mjs';
import { startShop } from '../harness/ours.mjs';

const CALLERS = 32;
const KEYS = 2_000;
const POOL = 10;
const UPSERT =
  'insert into counters (id, n) select * from unnest($1::text[], $2::int[]) on conflict (id) do update set n = excluded.n';

/** A Postgres with one table, as it comes: every commit is on the disk when it is answered. */
async function openDatabase() {
  const { default: pg } = await import('pg');
  const server = await startPostgresServer();
  const pool = new pg.Pool({ connectionString: server.url, max: POOL });
  // what is idle when the server ends
  pool.on('error', () => {});
  await pool.query('create table counters (id text primary key, n int)');
  const close = async () => {
    await pool.end();
    await server.stop();
  };
  return { pool, close };
}

/** So many writers, each of which writes again as soon as it is answered; `settle` waits until the database has it all. */
async function measure(write, settle, quick) {
  const writes = quick ? 1_000 : 8_000;
  for (let n = 0; n < CALLERS * 4; n++) await write(`warm ${n % 64}`, n);
  await settle();
  let next = 0;
  const waits = [];
  const caller = async () => {
    while (next < writes) {
      const n = next++;
      const begun = performance.now();
      // one key in seven is one of ten that everybody writes
      await write(n % 7 === 0 ? `hot ${n % 10}` : `id ${(n * 7_919) % KEYS}`, n);
      waits.push(performance.now() - begun);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const answered = performance.now() - begun;
  await settle();
  const written = performance.now() - begun;
  waits.sort((a, b) => a - b);
  return {
    answered: (answered / writes) * 1_000,
    written: (written / writes) * 1_000,
    p99: waits[Math.floor(waits.length * 0.99)],
  };
}

const direct = {
  id: 'raw',
  label: 'direct: an upsert for each write, a pool of ten connections',
  async run({ quick }) {
    const { pool, close } = await openDatabase();
    let statements = 0;
    const write = async (id, n) => {
      statements++;
      await pool.query({ name: 'upsert', text: UPSERT, values: [[id], [n]] });
    };
    const figures = await measure(write, async () => {}, quick);
    const { rows } = await pool.query('select count(*)::int as rows from counters');
    await close();
    return { ...figures, statements, rows: rows[0].rows };
  },
};

/** With no `fsync` nothing is kept; else it returns when the file has been begun. */
async function keepOnDisk(control, fsync) {
  if (fsync !== undefined) await control.config('SET', 'appendfsync', fsync);
  await control.config('SET', 'appendonly', fsync === undefined ? 'no' : 'yes');
  const isBegun = async () => /aof_rewrite_(in_progress|scheduled):1/.test(await control.info('persistence')) === false;
  while (!(await isBegun())) await pause(20);
}

const behind = (id, label, { batch, fsync }) => ({
  id,
  label,
  async run({ quick }) {
    const control = await emptied();
    await keepOnDisk(control, fsync);
    const { pool, close } = await openDatabase();
    const { cache, app } = await startShop({
      find: async () => 0,
      module: {
        namespace: 'bench',
        redis: redisAddress(),
        caches: { counters: { writeBehind: { batch, flushEvery: 50, maxWaiting: 1_000_000 } } },
      },
    });
    let statements = 0;
    cache.useSink('counters', {
      write: async (writes) => {
        statements++;
        const values = [writes.map(({ key }) => key), writes.map(({ value }) => value)];
        await pool.query({ name: 'upsert', text: UPSERT, values });
      },
    });
    const settle = () => cache.writeQueue('counters').flush({ timeout: '2m' });
    const figures = await measure((key, n) => cache.writeBehind('counters', key, n), settle, quick);
    const { rows } = await pool.query('select count(*)::int as rows from counters');
    await app.close();
    await close();
    await keepOnDisk(control, undefined);
    return { ...figures, statements, rows: rows[0].rows };
  },
});

export default {
  name: 'write-behind',
  title: 'Counters written by 32 callers at once, directly and behind, to the same Postgres',
  figures: {
    answered: 'µs a write until its caller is answered',
    written: 'µs a write until the database has the last one',
    p99: 'p99 of what a caller waits, ms',
    statements: 'statements in all',
    rows: 'rows at the end',
  },
  base: 'raw',
  rounds: 3,
  needsRedis: true,
  variants: [
    direct,
    behind('batch-1', 'behind, batches of 1', { batch: 1 }),
    behind('batch-10', 'behind, batches of 10', { batch: 10 }),
    behind('batch-100', 'behind, batches of 100', { batch: 100 }),
    behind('batch-100-everysec', 'the same, Redis with `appendfsync everysec`', { batch: 100, fsync: 'everysec' }),
    behind('batch-100-always', 'the same, Redis with `appendfsync always`', { batch: 100, fsync: 'always' }),
  ],
};
