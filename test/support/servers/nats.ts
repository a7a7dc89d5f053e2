import { connect } from '@nats-io/transport-node';
import { LocalServer } from './local-server.js';

/** A NATS server; it keeps nothing. */
export class NatsServer extends LocalServer {
  static async start(): Promise<NatsServer> {
    const prepare = ({ port }: { readonly port: number }) => ['--addr', '127.0.0.1', '--port', String(port)];
    const kind = { name: 'nats', scheme: 'nats', program: 'nats-server', prepare, isUp: answers };
    return new NatsServer(...(await NatsServer.launch(kind)));
  }
}

/** Starts a server; it is ready when this resolves. */
export const startNats = async (): Promise<NatsServer> => NatsServer.start();

async function answers(port: number): Promise<true> {
  const servers = `nats://127.0.0.1:${port}`;
  const connection = await connect({ servers, reconnect: false, timeout: 1_000 });
  await connection.close();
  return true;
}
