// @ts-check
// An embedded Postgres in a process of its own, so that its queries don't run on the shop's event loop.
// Plain JavaScript: the tests fork this very file from the sources, where nothing has been compiled.
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

const db = await PGlite.create();
// Every connection shares one Postgres session behind a queue. The default of `maxConnections` is 1.
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: 100 });
await server.start();

process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {}); // Ctrl+C reaches the whole group: the parent closes the shop first, then this
process.send?.({ address: server.getServerConn() });
