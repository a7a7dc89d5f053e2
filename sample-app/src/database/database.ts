import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import type pg from 'pg';
import type { WorkReceipts } from '../rpc/work-receipts.js';
import type { QueryCounter } from './query-counter.js';

/** A transaction, for those who write in it what isn't a query of the service. */
export interface Transaction {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** A service's own connection pool; every statement is counted. */
export class Database implements OnApplicationShutdown {
  private readonly inTransaction = new AsyncLocalStorage<pg.PoolClient>();

  constructor(
    private readonly pool: pg.Pool,
    private readonly counter: QueryCounter,
    private readonly receipts: WorkReceipts,
  ) {
    pool.on('error', (error) => new Logger(Database.name).warn(`An idle connection was lost: ${error.message}`));
  }

  async rows<Row extends object>(sql: string, ...values: unknown[]): Promise<Row[]> {
    const begin = performance.now();
    this.counter.count++;
    const { rows } = await (this.inTransaction.getStore() ?? this.pool).query<Row>(sql, values);
    this.receipts.add({ queries: 1, ms: performance.now() - begin });
    return rows;
  }

  async row<Row extends object>(sql: string, ...values: unknown[]): Promise<Row | undefined> {
    const [row] = await this.rows<Row>(sql, ...values);
    return row;
  }

  /** What is asked here inside `run` is committed together, or not at all. */
  async transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    const onError = () => {}; // the statement under way fails, and says why
    client.on('error', onError);
    try {
      const result = await this.inTransaction.run(client, async () => {
        await this.rows('begin');
        const done = await run({ query: async (sql, values = []) => ({ rows: await this.rows(sql, ...values) }) });
        await this.rows('commit');
        return done;
      });
      client.off('error', onError).release();
      return result;
    } catch (error) {
      client.off('error', onError).release(true); // a connection in an unknown state is closed, which ends its transaction
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }
}
