import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { requireProgram } from './install.js';
import { freePorts } from './ports.js';
import { ServerProcess } from './server-process.js';

/** A NATS server on the loopback interface; it keeps nothing. */
export class NatsServer {
  private constructor(
    readonly port: number,
    private readonly process: ServerProcess,
  ) {}

  static async start(): Promise<NatsServer> {
    const program = await requireProgram({ program: 'nats-server' });
    for (let attempt = 1; ; attempt++) {
      const port = (await freePorts(1))[0]!;
      const folder = mkdtempSync(join(tmpdir(), 'nats-'));
      const isUp = async () => answers(`nats://127.0.0.1:${port}`);
      const args = ['--addr', '127.0.0.1', '--port', String(port)];
      try {
        return new NatsServer(port, await ServerProcess.start({ program, args, folder, isUp }));
      } catch (error) {
        // somebody may have taken the port in between
        if (attempt === 3) throw error;
      }
    }
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
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

/** Starts a server; it is ready when this resolves. */
export const startNats = async (): Promise<NatsServer> => NatsServer.start();

async function answers(servers: string): Promise<true> {
  const connection = await connect({ servers, reconnect: false, timeout: 1_000 });
  await connection.close();
  return true;
}
