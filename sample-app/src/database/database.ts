import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import type { WorkReceipts } from '../rpc/work-receipts.js';
import type { QueryCounter } from './query-counter.js';

/** A service's own connection pool; every statement is counted. */
export class Database implements OnApplicationShutdown {
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
    const { rows } = await this.pool.query<Row>(sql, values);
    this.receipts.add({ queries: 1, ms: performance.now() - begin });
    return rows;
  }

  async row<Row extends object>(sql: string, ...values: unknown[]): Promise<Row | undefined> {
    const [row] = await this.rows<Row>(sql, ...values);
    return row;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }
}
