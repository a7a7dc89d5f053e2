import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { PostgresOutbox } from 'nestjs-hybrid-cache/events';
import { eventually } from '../../support/servers/eventually.js';
import { startPostgres, type PostgresServer } from '../../support/servers/postgres.js';
import { inTransaction, openPool } from './in-transaction.js';
import { Publishers } from './publishers.js';

const named = (howMany: number): string[] => Array.from({ length: howMany }, (_, index) => `event ${index}`);

async function fill(pool: pg.Pool, howMany: number): Promise<void> {
  await new PostgresOutbox({ transaction: async (run) => inTransaction(pool, run) }).createTable();
  await pool.query('truncate cache_outbox');
  await pool.query("insert into cache_outbox (event) select 'event ' || n from generate_series(0, $1::int - 1) n", [
    howMany,
  ]);
}

const isEmpty = async (pool: pg.Pool): Promise<boolean> =>
  (await pool.query('select 1 from cache_outbox limit 1')).rows.length === 0;

/** One after the other is killed while it publishes, and followed by a new one. */
async function killAt(publishers: Publishers, events: readonly string[]): Promise<void> {
  for (const event of events) {
    publishers.silentAt = event;
    await eventually(`${event} arrived`, () => publishers.arrived.includes(event));
    publishers.silentAt = undefined;
    await publishers.killLeading();
    await publishers.start();
  }
}

describe('processes that publish from one outbox in Postgres', () => {
  let server: PostgresServer;
  let pool: pg.Pool;
  beforeAll(async () => {
    server = await startPostgres();
    pool = openPool({ connectionString: server.url });
  });
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });
  beforeEach(async () => fill(pool, 1_000));

  const drained = async (): Promise<unknown> => eventually('the outbox is empty', async () => isEmpty(pool));

  it('lose nothing and keep the order when one after the other is killed while it publishes', async () => {
    const publishers = new Publishers(server.url);
    await publishers.start(3);
    await killAt(publishers, ['event 0', 'event 250', 'event 499', 'event 500', 'event 999']);
    await drained();
    expect(publishers.first).toEqual(named(1_000));
    expect(publishers.interleaved).toEqual([]);
    // of each that was killed its batch comes again, and no more
    expect(publishers.arrived.length).toBeGreaterThan(1_000);
    expect(publishers.arrived.length).toBeLessThanOrEqual(1_500);
  });

  it('send nothing twice where nobody is killed', async () => {
    const publishers = new Publishers(server.url);
    await publishers.start(3);
    await drained();
    expect(publishers.arrived).toEqual(named(1_000));
    expect(publishers.interleaved).toEqual([]);
  });

  it('wait while the broker is away, and go on when it is back', async () => {
    const publishers = new Publishers(server.url);
    await publishers.start(2);
    await eventually('half of them arrived', () => {
      publishers.isAway = publishers.arrived.length >= 500;
      return publishers.isAway;
    });
    const before = publishers.arrived.length;
    await pool.query("insert into cache_outbox (event) values ('event 1000')");
    await eventually('what arrived is gone', async () => {
      const { rows } = await pool.query('select count(*)::int as count from cache_outbox');
      return rows[0].count === 1_001 - before;
    });
    publishers.isAway = false;
    await drained();
    expect(publishers.arrived).toEqual(named(1_001));
  });

  it('survive a Postgres that is killed while they publish', async () => {
    const publishers = new Publishers(server.url);
    await publishers.start(2);
    publishers.silentAt = 'event 420';
    await eventually('it arrived', () => publishers.arrived.includes('event 420'));
    // the one that waits for its answer will have no connection any more, and the other one goes on
    publishers.silentAt = undefined;
    await server.kill();
    // not before the last of those that served a connection has noticed that it is alone
    await eventually('Postgres is there again', async () => server.restart().then(() => true));
    await drained();
    expect(publishers.first).toEqual(named(1_000));
    expect(publishers.running).toBe(2);
  });

  it('go on without one that has frozen, which may come back', async () => {
    const publishers = new Publishers(server.url, '1s');
    await publishers.start(2);
    publishers.silentAt = 'event 150';
    await eventually('it arrived', () => publishers.arrived.includes('event 150'));
    publishers.silentAt = undefined;
    const thaw = publishers.freezeLeading();
    await drained();
    expect(publishers.first).toEqual(named(1_000));
    thaw();
    await pool.query("insert into cache_outbox (event) values ('event 1000')");
    await drained();
    expect(publishers.first).toEqual(named(1_001));
    expect(publishers.running).toBe(2);
  });
});

describe('processes that publish from one outbox in a PGlite behind a socket', () => {
  it('lose nothing and keep the order when one after the other is killed while it publishes', async () => {
    const db = await PGlite.create();
    const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: 10 });
    await server.start();
    const url = `postgres://postgres:postgres@${server.getServerConn()}/postgres`;
    const pool = openPool({ connectionString: url });
    const publishers = new Publishers(url);
    onTestFinished(async () => {
      await pool.end();
      await server.stop();
      await db.close();
    });
    await fill(pool, 200);
    await publishers.start(2);
    await killAt(publishers, ['event 0', 'event 120', 'event 199']);
    await eventually('the outbox is empty', async () => isEmpty(pool));
    expect(publishers.first).toEqual(named(200));
    expect(publishers.interleaved).toEqual([]);
  });
});
