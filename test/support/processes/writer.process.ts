// A process of an application that writes behind, as it is killed by `write-behind`: it writes, reads, and flushes to a
// Postgres when its turn comes.
import pg from 'pg';
import { startCacheMachine, type CacheMachine } from '../../../lib/cache.providers.js';
import type { SinkWrite } from '../../../lib/write-behind/write-sink.interface.js';
import { answerTo } from './answering.js';
import type { WriterCalls } from './writer-calls.js';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

let machine: CacheMachine;
let pool: pg.Pool;

/** The newest value of each key, and beside it a line for every write, in the order in which they came. */
async function write(table: string, writes: readonly SinkWrite<number>[]): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const keys = writes.map(({ key }) => key);
    const values = writes.map(({ value }) => value);
    const rows = 'select * from unnest($1::text[], $2::int[])';
    await client.query(`insert into ${table}_log (key, n) ${rows}`, [keys, values]);
    await client.query(`insert into ${table} (key, n) ${rows} on conflict (key) do update set n = excluded.n`, [
      keys,
      values,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

const calls: WriterCalls = {
  async open({ databaseUrl, table, options }) {
    pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
    pool.on('error', () => undefined);
    machine = await startCacheMachine(options, silent);
    machine.problems.throwIfAny();
    machine.service.useSink<number>('rows', { write: async (writes) => write(table, writes) });
  },
  async write(key, n) {
    await machine.service.writeBehind('rows', key, n);
  },
  async read(key, table) {
    const unsure = (): number => machine.service.status().caches['rows']!.notStored['stale-part'] ?? 0;
    const before = unsure();
    const load = async (): Promise<number> => {
      const { rows } = await pool.query<{ n: number }>(`select n from ${table} where key = $1`, [key]);
      return rows[0]?.n ?? 0;
    };
    const n = await machine.service.getOrLoad('rows', key, load, { consistency: 'strong' });
    return { n, sure: unsure() === before };
  },
  waiting: async () => (await machine.service.writeQueue('rows').status()).waiting,
};

answerTo(calls);
