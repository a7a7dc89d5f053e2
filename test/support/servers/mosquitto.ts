import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { LocalServer, type Place } from './local-server.js';

/** An MQTT broker; it keeps nothing on disk. */
export class MosquittoServer extends LocalServer {
  static async start(): Promise<MosquittoServer> {
    const prepare = ({ port, folder }: Place): string[] => {
      const file = join(folder, 'mosquitto.conf');
      writeFileSync(file, configFor(port));
      return ['-c', file];
    };
    const kind = { name: 'mosquitto', scheme: 'mqtt', program: 'mosquitto', prepare, isUp: answers };
    return new MosquittoServer(...(await MosquittoServer.launch(kind)));
  }
}

/** Starts a broker; it is ready when this resolves. */
export const startMosquitto = async (): Promise<MosquittoServer> => MosquittoServer.start();

/** A broker that root starts becomes another user, and so would no longer end with this process. */
const configFor = (port: number): string => `
listener ${port} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
user ${userInfo().username}
`;

async function answers(port: number): Promise<true> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, connectTimeout: 1_000 }, false);
  await client.endAsync();
  return true;
}
