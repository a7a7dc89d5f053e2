import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.js';
import { requireProgram } from './install.js';
import { ServerProcess } from './server-process.js';

const HEADERS = ['/usr/include', '/usr/local/include'].map((root) => join(root, 'librdkafka/rdkafka_mock.h'));
/** Found from the root of the repository, because scripts of tests are bundled elsewhere. */
const SOURCE = resolve('test/support/servers/kafka-mock.c');

export interface KafkaMockOptions {
  /** Default 1. */
  readonly brokers?: number;
}

/**
 * The mock cluster of librdkafka, which speaks Kafka's protocol and keeps everything in memory. Topics have four
 * partitions and come into being when somebody asks for them.
 */
export class KafkaMock {
  private constructor(
    private readonly addresses: string,
    private readonly process: ServerProcess,
  ) {}

  static async start({ brokers = 1 }: KafkaMockOptions = {}): Promise<KafkaMock> {
    const compiler = await requireProgram({
      program: 'cc',
      packages: ['gcc', 'libc6-dev', 'librdkafka-dev'],
      isComplete: () => HEADERS.some((file) => existsSync(file)),
    });
    const folder = mkdtempSync(join(tmpdir(), 'kafka-mock-'));
    const program = join(folder, 'kafka-mock');
    const addresses = join(folder, 'addresses');
    try {
      await promisify(execFile)(compiler, ['-O1', '-o', program, SOURCE, '-lrdkafka']);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    const args = [addresses, String(brokers)];
    const isUp = async () => existsSync(addresses);
    return new KafkaMock(addresses, await ServerProcess.start({ program, args, folder, isUp }));
  }

  get brokers(): string[] {
    return readFileSync(this.addresses, 'utf8').split(',');
  }

  get pid(): number {
    return this.process.pid;
  }

  /** The brokers refuse connections, and keep what they have. */
  async takeDown(): Promise<void> {
    await this.#signal('SIGUSR1');
  }

  async bringBack(): Promise<void> {
    await this.#signal('SIGUSR2');
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    const done = `${this.addresses}.done`;
    rmSync(done, { force: true });
    process.kill(this.pid, signal);
    await eventually(`the brokers have got ${signal}`, () => existsSync(done));
  }

  async kill(): Promise<void> {
    await this.process.kill();
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }
}

/** Starts a cluster; it is ready when this resolves. */
export const startKafkaMock = async (options: KafkaMockOptions = {}): Promise<KafkaMock> => KafkaMock.start(options);
