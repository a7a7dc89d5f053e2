import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { build } from 'esbuild';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { CacheConfigurationError } from 'nestjs-hybrid-cache';
import { PostgresOutbox, type OutboxBatch } from 'nestjs-hybrid-cache/events';
import { eventually } from '../../support/servers/eventually.js';
import { startPostgres, type PostgresServer } from '../../support/servers/postgres.js';
import { inTransaction } from './in-transaction.js';
import type { OutboxOrder, Step } from './outbox.process.js';

const PROGRAM = resolve('.tmp/outbox.process.mjs');

let server: PostgresServer;
let pool: pg.Pool;
beforeAll(async () => {
  mkdirSync(resolve('.tmp'), { recursive: true });
  const entry = join(import.meta.dirname, 'outbox.process.ts');
  const common = { bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'silent' } as const;
  [server] = await Promise.all([startPostgres(), build({ ...common, entryPoints: [entry], outfile: PROGRAM })]);
  pool = new pg.Pool({ connectionString: server.url, max: 30 });
});
afterAll(async () => {
  await pool?.end();
  await server?.stop();
});

const outboxOf = (table?: string): PostgresOutbox =>
  new PostgresOutbox({
    transaction: async (run) => inTransaction(pool, run),
    ...(table === undefined ? {} : { table }),
  });

beforeEach(async () => {
  await pool.query(
    'drop table if exists cache_outbox; drop table if exists changes; create table changes (event text)',
  );
  await outboxOf().createTable();
});

const committed = async (): Promise<string[]> => {
  const { rows } = await pool.query<{ event: string }>('select event from changes');
  return rows.map(({ event }) => event);
};
const left = async (): Promise<number> =>
  Number((await pool.query('select count(*) as count from cache_outbox')).rows[0].count);

async function write(...events: string[]): Promise<void> {
  for (const event of events) {
    await inTransaction(pool, async (client) => {
      await client.query('insert into changes (event) values ($1)', [event]);
      await outboxOf().add(client, event);
    });
  }
}

/** Everything that is there, in the order in which it was published. */
async function publishAll(): Promise<string[]> {
  const sent: string[] = [];
  let batch: OutboxBatch;
  do {
    batch = await outboxOf().publish(async (event) => (sent.push(event), true), 100);
  } while (batch.busy || batch.published > 0);
  return sent;
}

/** A process that does as it is told until it stands still; what it published so far. */
async function processThat(order: Omit<OutboxOrder, 'url'>): Promise<{ child: ChildProcess; published: string[] }> {
  const child = fork(PROGRAM, [JSON.stringify({ ...order, url: server.url })]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const published: string[] = [];
  const there = new Promise<void>((done, failed) => {
    child.on('message', (message: { at?: Step; published?: string }) => {
      if (message.published !== undefined) published.push(message.published);
      if (message.at === order.standStillAt) done();
    });
    child.once('exit', (code) => failed(new Error(`the process ended with ${code}`)));
  });
  await there;
  return { child, published };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

describe('an outbox in Postgres', () => {
  it('publishes what was committed, in its order, and once where nothing goes wrong', async () => {
    const events = Array.from({ length: 250 }, (_, index) => `event ${index}`);
    await write(...events);
    expect(await publishAll()).toEqual(events);
    expect(await left()).toBe(0);
    expect(await publishAll()).toEqual([]);
  });

  it('has nothing of a change that was rolled back', async () => {
    const failing = inTransaction(pool, async (client) => {
      await outboxOf().add(client, 'never');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await write('kept');
    expect(await publishAll()).toEqual(['kept']);
  });

  it('keeps what couldn’t be published, and everything behind it', async () => {
    await write('a', 'b', 'c');
    const sent: string[] = [];
    const batch = await outboxOf().publish(async (event) => {
      sent.push(event);
      return event !== 'b';
    }, 100);
    expect(batch).toEqual({ busy: false, published: 1, failed: true });
    expect(sent).toEqual(['a', 'b']);
    expect(await publishAll()).toEqual(['b', 'c']);
  });

  it('lets one publish at a time', async () => {
    const events = Array.from({ length: 60 }, (_, index) => `${index}`);
    await write(...events);
    let inside = 0;
    let most = 0;
    const sent: string[] = [];
    const publisher = async (): Promise<void> => {
      while ((await left()) > 0) {
        await outboxOf().publish(async (event) => {
          most = Math.max(most, ++inside);
          await new Promise((done) => setImmediate(done));
          inside--;
          sent.push(event);
          return true;
        }, 5);
      }
    };
    await Promise.all([publisher(), publisher(), publisher()]);
    expect(most).toBe(1);
    expect(sent).toEqual(events);
  });

  it('goes on with another one when the one that publishes is killed', async () => {
    const { child } = await processThat({ standStillAt: 'before it is published', events: ['a', 'b', 'c'] });
    expect(await outboxOf().publish(async () => true, 100)).toEqual({ busy: true, published: 0, failed: false });
    await kill(child);
    const batch = await eventually('another one may publish', async () => {
      const found = await outboxOf().publish(async () => true, 100);
      return found.busy ? undefined : found;
    });
    expect(batch).toEqual({ busy: false, published: 3, failed: false });
  });

  it.each<[Step, string[], string[]]>([
    ['before the commit', [], []],
    ['after the commit', ['a', 'b', 'c'], []],
    ['before it is published', ['a', 'b', 'c'], ['a', 'b']],
    ['after it is published', ['a', 'b', 'c'], ['a', 'b', 'c']],
    ['none', ['a', 'b', 'c'], ['a', 'b', 'c']],
  ])('loses nothing when its process is killed %s', async (step, survive, before) => {
    const { child, published } = await processThat({ standStillAt: step, events: ['a', 'b', 'c'] });
    await kill(child);
    expect(published).toEqual(before);
    await eventually('its transaction is over', async () => {
      const { rows } = await pool.query(
        "select 1 from pg_stat_activity where state like 'idle in transaction%' and pid <> pg_backend_pid()",
      );
      return rows.length === 0;
    });
    const after = await publishAll();
    // where it had come to the end nothing is left, else all of the batch comes again
    expect(after).toEqual(step === 'none' ? [] : survive);
    expect(await committed()).toEqual(survive);
    expect(new Set([...published, ...after])).toEqual(new Set(survive));
  });

  it('sends nothing again that was published since the snapshot of its transaction was made', async () => {
    await write('a', 'b');
    const sent: string[] = [];
    const publish = async (outbox: PostgresOutbox): Promise<OutboxBatch> =>
      outbox.publish(async (event) => (sent.push(event), true), 10);
    const late = new PostgresOutbox({
      transaction: async (run) =>
        inTransaction(pool, async (client) => {
          await client.query('set transaction isolation level repeatable read');
          await client.query('select 1');
          await publish(outboxOf());
          return run(client);
        }),
    });
    await expect(publish(late)).rejects.toThrow('concurrent');
    expect(sent).toEqual(['a', 'b']);
  });

  it('is one outbox, whether its table is written with its schema or without', async () => {
    await write('a');
    let other: OutboxBatch | undefined;
    await outboxOf().publish(async () => {
      other = await outboxOf('public.cache_outbox').publish(async () => true, 10);
      return true;
    }, 10);
    expect(other).toEqual({ busy: true, published: 0, failed: false });
  });

  it('is created once by processes that start together', async () => {
    for (let round = 0; round < 5; round++) {
      await pool.query('drop table cache_outbox');
      await Promise.all(Array.from({ length: 20 }, async () => outboxOf().createTable()));
    }
    expect(await left()).toBe(0);
  });

  it('is drained of 10,000 events', async () => {
    await pool.query("insert into cache_outbox (event) select 'event ' || n from generate_series(1, 10000) n");
    const sent = await publishAll();
    expect(sent).toHaveLength(10_000);
    expect(sent.at(-1)).toBe('event 10000');
  });

  it('may be called otherwise, and refuses what can’t be a name or a duration', async () => {
    await pool.query('create schema if not exists messages');
    const outbox = outboxOf('messages.outgoing');
    await outbox.createTable();
    await outbox.createTable();
    await inTransaction(pool, async (client) => outbox.add(client, 'a'));
    expect(await outbox.publish(async () => true, 10)).toEqual({ busy: false, published: 1, failed: false });
    for (const table of ['', 'a b', 'x; drop table users', 'a.b.c', '"quoted"', 'Upper', 7]) {
      expect(() => outboxOf(table as string)).toThrow(CacheConfigurationError);
    }
    for (const stalledAfter of [0, -1, 'soon', NaN]) {
      expect(() => new PostgresOutbox({ transaction: async (run) => inTransaction(pool, run), stalledAfter })).toThrow(
        'PostgresOutbox.stalledAfter',
      );
    }
  });
});

describe('an outbox in PGlite', () => {
  it('works as it is', async () => {
    const db = await PGlite.create();
    onTestFinished(async () => db.close());
    const outbox = new PostgresOutbox({ transaction: async (run) => db.transaction(async (tx) => run(tx)) });
    await outbox.createTable();
    await db.transaction(async (tx) => outbox.add(tx, 'a'));
    await db
      .transaction(async (tx) => {
        await outbox.add(tx, 'never');
        throw new Error('no');
      })
      .catch(() => 'rolled back');
    await db.transaction(async (tx) => outbox.add(tx, 'b'));
    const sent: string[] = [];
    const send = async (event: string): Promise<boolean> => (sent.push(event), true);
    expect(await outbox.publish(send, 10)).toEqual({ busy: false, published: 2, failed: false });
    expect(await outbox.publish(send, 10)).toEqual({ busy: false, published: 0, failed: false });
    expect(sent).toEqual(['a', 'b']);
  });
});
