import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireServer, type ServerFlavour } from './install.js';
import { freePorts } from './ports.js';
import { redisCommand, type Reply } from './resp.js';
import { ServerProcess } from './server-process.js';

export interface RedisServerOptions {
  /** Default `redis`. */
  readonly flavour?: ServerFlavour;
  /** Added to the command line; the last word on an option counts. */
  readonly args?: readonly string[];
  /** Default: a free one. */
  readonly port?: number;
}

/** A server on the loopback interface, in a folder of its own, that keeps nothing on disk unless it is told to. */
export class RedisServer {
  private constructor(
    readonly port: number,
    private readonly process: ServerProcess,
  ) {}

  static async start({ flavour = 'redis', args = [], port }: RedisServerOptions = {}): Promise<RedisServer> {
    const program = await requireServer(flavour);
    for (let attempt = 1; ; attempt++) {
      const chosen = port ?? (await freePorts(1))[0]!;
      const folder = mkdtempSync(join(tmpdir(), `${flavour}-`));
      const base = ['--port', chosen, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
      const isUp = async () => (await redisCommand(chosen, 'PING')) === 'PONG';
      try {
        const all = [...base.map(String), ...args];
        return new RedisServer(chosen, await ServerProcess.start({ program, args: all, folder, isUp }));
      } catch (error) {
        // somebody may have taken the port in between
        if (port !== undefined || attempt === 3) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.process.pid;
  }

  get isRunning(): boolean {
    return this.process.isRunning;
  }

  async command(...args: (string | number)[]): Promise<Reply> {
    return redisCommand(this.port, ...args);
  }

  async freeze(): Promise<void> {
    await this.process.freeze();
  }

  thaw(): void {
    this.process.thaw();
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
export const startRedis = async (options: RedisServerOptions = {}): Promise<RedisServer> => RedisServer.start(options);
