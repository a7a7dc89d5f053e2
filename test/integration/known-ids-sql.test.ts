import { Pool } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newNamespace, startMachine, type Machine } from '../support/machines.js';
import { eventually } from '../support/servers/eventually.js';
import { PostgresServer } from '../support/servers/postgres.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

const ROWS = 20_000;
const CALLERS = 50;

let postgres: PostgresServer;
let redis: RedisServer;
let pool: Pool;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([PostgresServer.start(), startRedis()]);
  pool = new Pool({ connectionString: postgres.url, max: 8 });
  await pool.query('create table products (id bigint primary key, name text not null)');
  await pool.query(`insert into products select n, 'product ' || n from generate_series(1, ${ROWS}) n`);
  await pool.query('analyze products');
});
afterAll(async () => {
  await pool?.end();
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

/** Look-ups by id as Postgres itself has counted them. */
async function lookups(): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(
    "select coalesce(idx_scan, 0) as count from pg_stat_user_tables where relname = 'products'",
  );
  return Number(rows[0]!.count);
}

/**
 * So many requests, each for another id above those that exist, from many callers. Their connections have ended
 * afterwards, so that Postgres counts what it was asked on them.
 * @returns the queries that were sent
 */
async function attack({ cache }: Machine, requests: number): Promise<number> {
  const connections = new Pool({ connectionString: postgres.url, max: 8 });
  let queries = 0;
  let next = ROWS;
  const find = async (id: number): Promise<unknown> => {
    queries++;
    const { rows } = await connections.query('select id, name from products where id = $1', [id]);
    return rows[0] ?? null;
  };
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (next < ROWS + requests) {
        const id = ++next;
        if ((await cache.getOrLoad('products', id, () => find(id))) !== null) throw new Error(`${id} was found`);
      }
    }),
  );
  await connections.end();
  return queries;
}

it('100,000 requests for ids that don’t exist become no more queries than the rate that was asked for', async () => {
  const knownIds = { capacity: ROWS, falsePositiveRate: 0.001, commitWithin: 0 };
  const options = { namespace: newNamespace(), caches: { products: { knownIds } } };
  const [machine, builder] = [await startMachine(redis, options), await startMachine(redis, options)];
  const built = await builder.cache.knownIds('products').rebuild(async function* () {
    const { rows } = await pool.query<{ id: string }>('select id from products');
    for (const { id } of rows) yield id;
  });
  expect(built).toMatchObject({ status: 'built', ids: ROWS });
  const queries = await attack(machine, 100_000);
  expect(queries).toBeLessThanOrEqual(100 + 4 * Math.sqrt(100));
  await eventually('Postgres has counted them', async () => (await lookups()) === queries);
  // and those that exist are found
  const find = async (id: number) => (await pool.query('select id from products where id = $1', [id])).rowCount;
  for (let id = 1; id <= ROWS; id += 997) expect(await machine.cache.getOrLoad('products', id, () => find(id))).toBe(1);
});

it('without known ids each of them is a query', async () => {
  const machine = await startMachine(redis, { namespace: newNamespace(), caches: { products: {} } });
  expect(await attack(machine, 2_000)).toBe(2_000);
});
