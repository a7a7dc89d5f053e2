// @ts-check
// An embedded Postgres in a process of its own, so that its queries don't run on the shop's event loop.
// Plain JavaScript: the tests fork this very file from the sources, where nothing has been compiled.
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/**
 * All connections share one Postgres session behind a queue of messages, and while one of them is in a transaction the
 * others wait. A query is several messages, from the first to `Sync`: another one's must not come between them either, as
 * they do when several have waited for the end of a transaction.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
class QueryByQuery extends PGlite {
  static #PARTS = new Set('PBDECH'); // Parse, Bind, Describe, Execute, Close, Flush
  #isInQuery = false;

  /** @override @type {PGlite['execProtocolRawStream']} */
  execProtocolRawStream(message, options) {
    this.#isInQuery = QueryByQuery.#PARTS.has(String.fromCharCode(message[0] ?? 0));
    return super.execProtocolRawStream(message, options);
  }

  /** @override @type {PGlite['exec']} */
  exec(...args) {
    this.#isInQuery = false; // of one whose connection broke
    return super.exec(...args);
  }

  /** @override */
  isInTransaction() {
    return this.#isInQuery || super.isInTransaction();
  }
}

const db = new QueryByQuery();
await db.waitReady;
// The default of `maxConnections` is 1.
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: 100 });
await server.start();

process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {}); // Ctrl+C reaches the whole group: the parent closes the shop first, then this
process.send?.({ address: server.getServerConn() });
