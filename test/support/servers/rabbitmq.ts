import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { eventually } from './eventually.js';
import { findProgram, requireProgram } from './install.js';
import { freePorts } from './ports.js';
import { ServerProcess } from './server-process.js';

/** What is in the PATH is a wrapper that becomes another user. */
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';

const LOG = 'node.log';

interface NodePlace {
  readonly port: number;
  /** Where nodes would talk to each other. */
  readonly distribution: number;
  readonly mapperPort: number;
  readonly folder: string;
}

/** A RabbitMQ node on the loopback interface, with a port mapper (epmd) of its own; both end with this process. */
export class RabbitServer {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly node: ServerProcess,
    private readonly mapper: ServerProcess,
  ) {}

  static async start(): Promise<RabbitServer> {
    await requireProgram({
      program: 'rabbitmq-server',
      isComplete: () => existsSync(SERVER) && findProgram('epmd') !== undefined,
    });
    for (let attempt = 1; ; attempt++) {
      const [port, distribution, mapperPort] = (await freePorts(3)) as [number, number, number];
      const mapper = await startMapper(mapperPort);
      const folder = mkdtempSync(join(tmpdir(), 'rabbitmq-'));
      const node = await startNode({ port, distribution, mapperPort, folder });
      const server = new RabbitServer(port, folder, node, mapper);
      try {
        await server.#answers();
        return server;
      } catch (error) {
        await server.stop();
        // somebody may have taken a port in between
        if (attempt === 3) throw error;
      }
    }
  }

  get url(): string {
    return `amqp://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.node.pid;
  }

  get mapperPid(): number {
    return this.mapper.pid;
  }

  async kill(): Promise<void> {
    await this.node.kill();
  }

  /** The same port and folder. */
  async restart(): Promise<void> {
    await this.node.restart();
    await this.#answers();
  }

  async stop(): Promise<void> {
    await this.node.stop();
    await this.mapper.stop();
  }

  async #answers(): Promise<void> {
    const { pid } = this;
    const isUp = async () => !isAlive(pid) || answers(this.url);
    await eventually('RabbitMQ answers', isUp, { withinMs: 60_000, everyMs: 50 });
    if (!isAlive(pid)) throw new Error(`RabbitMQ ended: ${this.#lastWords()}`);
  }

  #lastWords(): string {
    const file = join(this.folder, LOG);
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-2_000) : 'it logged nothing';
  }
}

/** Starts a node; it is ready when this resolves. */
export const startRabbit = async (): Promise<RabbitServer> => RabbitServer.start();

/** A node that finds no mapper starts one, which stays behind for ever. */
async function startMapper(port: number): Promise<ServerProcess> {
  return ServerProcess.start({
    program: findProgram('epmd')!,
    args: ['-address', '127.0.0.1', '-port', String(port)],
    folder: mkdtempSync(join(tmpdir(), 'epmd-')),
    isUp: async () => isOpen(port),
  });
}

/** The node needs seconds of a processor to start; it isn't up when this resolves. */
async function startNode({ port, distribution, mapperPort, folder }: NodePlace): Promise<ServerProcess> {
  const config = join(folder, 'rabbitmq.conf');
  const plugins = join(folder, 'plugins');
  writeFileSync(config, `listeners.tcp.1 = 127.0.0.1:${port}\n`);
  writeFileSync(plugins, '[].');
  const environment = {
    HOME: folder,
    // the script becomes the node, so that what is killed is the node
    RUNNING_UNDER_SYSTEMD: 'true',
    RABBITMQ_NODENAME: `test${port}@localhost`,
    RABBITMQ_MNESIA_BASE: folder,
    RABBITMQ_LOGS: join(folder, LOG),
    RABBITMQ_CONFIG_FILE: config,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    RABBITMQ_DIST_PORT: String(distribution),
    // idle schedulers don't spin
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+sbwt none +sbwtdcpu none +sbwtdio none',
    ERL_EPMD_PORT: String(mapperPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
  return ServerProcess.start({
    program: findProgram('env')!,
    args: [...Object.entries(environment).map(([name, value]) => `${name}=${value}`), SERVER],
    folder,
    isUp: async () => true,
  });
}

async function answers(url: string): Promise<true> {
  const connection = await connect(url, { timeout: 1_000 });
  await connection.close();
  return true;
}

const isOpen = async (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
