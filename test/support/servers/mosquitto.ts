import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { requireProgram } from './install.js';
import { freePorts } from './ports.js';
import { ServerProcess } from './server-process.js';

/** An MQTT broker on the loopback interface; it keeps nothing on disk. */
export class MosquittoServer {
  private constructor(
    readonly port: number,
    private readonly process: ServerProcess,
  ) {}

  static async start(): Promise<MosquittoServer> {
    const program = await requireProgram({ program: 'mosquitto' });
    for (let attempt = 1; ; attempt++) {
      const port = (await freePorts(1))[0]!;
      const folder = mkdtempSync(join(tmpdir(), 'mosquitto-'));
      const file = join(folder, 'mosquitto.conf');
      writeFileSync(file, configFor(port));
      const isUp = async () => answers(`mqtt://127.0.0.1:${port}`);
      try {
        return new MosquittoServer(port, await ServerProcess.start({ program, args: ['-c', file], folder, isUp }));
      } catch (error) {
        // somebody may have taken the port in between
        if (attempt === 3) throw error;
      }
    }
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.process.pid;
  }

  async kill(): Promise<void> {
    await this.process.kill();
  }

  async restart(): Promise<void> {
    await this.process.restart();
  }

  async stop(): Promise<void> {
    await this.process.stop();
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

async function answers(url: string): Promise<true> {
  const client = await connectAsync(url, { reconnectPeriod: 0, connectTimeout: 1_000 }, false);
  await client.endAsync();
  return true;
}
