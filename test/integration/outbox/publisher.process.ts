// A process that publishes what it finds. Its broker is the one that forked it: that is told of each event, and answers.
import { systemRuntime } from '../../../lib/cache.runtime.js';
import { EventLog } from '../../../lib/events/event-log.js';
import { OutboxPublisher } from '../../../lib/events/outbox/outbox-publisher.js';
import { PostgresOutbox } from '../../../lib/events/outbox/postgres-outbox.js';
import { inTransaction, openPool } from './in-transaction.js';

const [url, stalledAfter] = process.argv.slice(2) as [string, string];
const pool = openPool({ connectionString: url, max: 1 });
const store = new PostgresOutbox({ transaction: async (run) => inTransaction(pool, run), stalledAfter });

let answered: (taken: boolean) => void = () => {};
process.on('message', (taken: boolean) => answered(taken));
process.on('disconnect', () => process.exit());

const send = async (event: string): Promise<'sent' | 'failed'> => {
  const answer = new Promise<boolean>((resolve) => (answered = resolve));
  process.send!(event);
  return (await answer) ? 'sent' : 'failed';
};
const silent = { warn: () => {}, error: () => {}, log: () => {} };
new OutboxPublisher(store, send, 20, systemRuntime, new EventLog(silent, systemRuntime)).start();
