import { CacheConfigurationError } from '../../cache.errors.js';
import type { OutboxBatch, OutboxStore } from './outbox.interface.js';

/** What runs statements: a `Client` or `PoolClient` of pg, a PGlite, or a transaction of either, as they are. */
export interface SqlExecutor {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

export interface PostgresOutboxOptions {
  /** Runs something in a transaction of its own, on one connection. */
  readonly transaction: <T>(run: (sql: SqlExecutor) => Promise<T>) => Promise<T>;
  /** Letters, digits and `_`, with a schema in front if you like. Default `cache_outbox`. */
  readonly table?: string;
}

const NAME = /^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$/;

interface Row {
  readonly id: string | number | bigint;
  readonly event: string;
}

/**
 * An outbox in a table of Postgres, 11 and later. Whoever publishes holds an advisory lock of its transaction, which is
 * gone with the transaction, however that ends: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 *
 * @example
 * const outbox = new PostgresOutbox({ transaction: (run) => inTransaction(pool, run) });
 */
export class PostgresOutbox implements OutboxStore<SqlExecutor> {
  readonly #table: string;
  readonly #transaction: PostgresOutboxOptions['transaction'];

  /** @throws CacheConfigurationError for a name that isn't one */
  constructor({ transaction, table = 'cache_outbox' }: PostgresOutboxOptions) {
    if (typeof table !== 'string' || !NAME.test(table)) {
      const problem = `got ${table}; takes a name of small letters, digits and _, with a schema in front if you like`;
      throw new CacheConfigurationError([{ where: 'PostgresOutbox.table', problem }]);
    }
    this.#table = table;
    this.#transaction = transaction;
  }

  /** The statement that creates the table, for your migrations. */
  get schema(): string {
    return `create table if not exists ${this.#table} (
  id bigint generated always as identity primary key,
  event text not null,
  added_at timestamptz not null default now()
)`;
  }

  async createTable(): Promise<void> {
    await this.#transaction((sql) => sql.query(this.schema));
  }

  async add(transaction: SqlExecutor, event: string): Promise<void> {
    await transaction.query(`insert into ${this.#table} (event) values ($1)`, [event]);
  }

  publish(send: (event: string) => Promise<boolean>, most: number): Promise<OutboxBatch> {
    return this.#transaction(async (sql) => {
      if (!(await this.#isMine(sql))) return { busy: true, published: 0, failed: false };
      const { rows } = await sql.query(`select id, event from ${this.#table} order by id limit $1`, [most]);
      const published: Row['id'][] = [];
      for (const { id, event } of rows as readonly Row[]) {
        if (!(await send(event))) break;
        published.push(id);
      }
      // who dies before this is followed by one who publishes them again
      if (published.length > 0) {
        await sql.query(`delete from ${this.#table} where id = any($1::bigint[])`, [published.map(String)]);
      }
      return { busy: false, published: published.length, failed: published.length < rows.length };
    });
  }

  async #isMine(sql: SqlExecutor): Promise<boolean> {
    const { rows } = await sql.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as mine', [
      `nestjs-hybrid-cache ${this.#table}`,
    ]);
    return (rows as readonly { mine: boolean }[])[0]?.mine === true;
  }
}
