import { CacheConfigurationError } from '../../cache.errors.js';
import type { Duration } from '../../options/duration.js';
import { duration, show } from '../../options/option-reader.js';
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
  /**
   * After how much silence Postgres ends the connection of a process that publishes and has frozen or is unreachable, so
   * that another one can go on; longer than a batch takes (10 s and its last event). Default 60 s.
   */
  readonly stalledAfter?: Duration;
}

const STALLED_AFTER_MS = 60_000;
/** What a setting of Postgres can hold. */
const LONGEST_MS = 2 ** 31 - 1;
/** Tells locks on outboxes from other locks on tables: 'nhco'. */
const LOCK_CLASS = 0x6e_68_63_6f;
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
  readonly #stalledAfterMs: number;

  /** @throws CacheConfigurationError for a name that isn't one, and a duration that is none */
  constructor({ transaction, table = 'cache_outbox', stalledAfter = STALLED_AFTER_MS }: PostgresOutboxOptions) {
    if (typeof table !== 'string' || !NAME.test(table)) {
      const problem = `got ${table}; takes a name of small letters, digits and _, with a schema in front if you like`;
      throw new CacheConfigurationError([{ where: 'PostgresOutbox.table', problem }]);
    }
    const stalledAfterMs = duration.read(stalledAfter);
    if (stalledAfterMs === undefined || stalledAfterMs < 1) {
      const problem = `got ${show(stalledAfter)}; takes ${duration.takes}, and more than 0`;
      throw new CacheConfigurationError([{ where: 'PostgresOutbox.stalledAfter', problem }]);
    }
    this.#table = table;
    this.#transaction = transaction;
    this.#stalledAfterMs = Math.min(LONGEST_MS, Math.ceil(stalledAfterMs));
  }

  /** The statement that creates the table, for your migrations. */
  get schema(): string {
    return `create table if not exists ${this.#table} (
  id bigint generated always as identity primary key,
  event text not null,
  added_at timestamptz not null default now()
)`;
  }

  /** Several processes may do so at once. */
  async createTable(): Promise<void> {
    await this.#transaction(async (sql) => {
      // of two who find no table one would be refused
      await sql.query('select 1 as mine from pg_advisory_xact_lock(hashtextextended($1, 0))', [this.#table]);
      await sql.query(this.schema);
    });
  }

  async add(transaction: SqlExecutor, event: string): Promise<void> {
    await transaction.query(`insert into ${this.#table} (event) values ($1)`, [event]);
  }

  publish(send: (event: string) => Promise<boolean>, most: number): Promise<OutboxBatch> {
    return this.#transaction(async (sql) => {
      if (!(await this.#isMine(sql))) return { busy: true, published: 0, failed: false };
      // refuses rows that were removed since, where the application reads from a snapshot of its transaction
      const oldest = `select id, event from ${this.#table} order by id limit $1 for update`;
      const { rows } = await sql.query(oldest, [most]);
      const published: Row['id'][] = [];
      for (const { id, event } of rows as readonly Row[]) {
        if (!(await send(event))) break;
        published.push(id);
      }
      // who dies before this is followed by one who publishes them again
      if (published.length > 0) {
        // a text, because libraries differ in how they send lists
        const ids = published.join(',');
        await sql.query(`delete from ${this.#table} where id = any(string_to_array($1, ',')::bigint[])`, [ids]);
      }
      return { busy: false, published: published.length, failed: published.length < rows.length };
    });
  }

  /** By the table itself: it may be written with and without its schema. */
  async #isMine(sql: SqlExecutor): Promise<boolean> {
    const { rows } = await sql.query(
      `select set_config('idle_in_transaction_session_timeout', $1, true),
  pg_try_advisory_xact_lock(${LOCK_CLASS}, '${this.#table}'::regclass::oid::int4) as mine`,
      [String(this.#stalledAfterMs)],
    );
    return (rows as readonly { mine: boolean }[])[0]?.mine === true;
  }
}
