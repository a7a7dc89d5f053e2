// A process that changes something and publishes what it wrote, and stands still at the step it is told to: there it is killed.
import pg from 'pg';
import { PostgresOutbox, type SqlExecutor } from '../../../lib/events/outbox/postgres-outbox.js';
import { inTransaction } from './in-transaction.js';

export type Step =
  'before the commit' | 'after the commit' | 'before it is published' | 'after it is published' | 'none';

export interface OutboxOrder {
  readonly url: string;
  readonly standStillAt: Step;
  /** What is written; its last one is the one at which it stands still when it publishes. */
  readonly events: readonly string[];
}

const order = JSON.parse(process.argv[2]!) as OutboxOrder;
const pool = new pg.Pool({ connectionString: order.url });

async function step(name: Step): Promise<void> {
  if (name !== order.standStillAt) return;
  process.send!({ at: name });
  await new Promise(() => {});
}

const outbox = new PostgresOutbox({
  transaction: async <T>(run: (sql: SqlExecutor) => Promise<T>): Promise<T> => inTransaction(pool, run),
});

for (const event of order.events) {
  await inTransaction(pool, async (sql) => {
    await sql.query('insert into changes (event) values ($1)', [event]);
    await outbox.add(sql, event);
    await step('before the commit');
  });
}
await step('after the commit');
const last = order.events.at(-1);
await outbox.publish(async (event) => {
  if (event === last) await step('before it is published');
  process.send!({ published: event });
  if (event === last) await step('after it is published');
  return true;
}, 1_000);
process.send!({ at: 'none' });
await pool.end();
process.disconnect();
