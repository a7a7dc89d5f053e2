import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { freePort } from '../free-port.js';

const PROGRAM = 'redis-server';

/** Where Linux offers it, the kernel ends the server together with this process, however that ends. */
const TIED = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL'] : [];

/** A Redis on the loopback interface that keeps nothing on disk, and that bad things can be done to. */
export class RedisServer {
  private child: ChildProcess | undefined;

  private constructor(private readonly port: number) {
    process.on('exit', () => this.child?.kill('SIGKILL'));
  }

  /** Throws an error whose message says what to type if there is no Redis on this machine. */
  static async start(): Promise<RedisServer> {
    await promisify(execFile)(PROGRAM, ['--version']).catch((cause: unknown) => {
      const hint = 'Type: apt-get install -y redis-server\nor name one that is running: REDIS_URL=redis://…';
      throw new Error(`${PROGRAM} can't be started. ${hint}`, { cause });
    });
    const server = new RedisServer(await freePort());
    await server.begin();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Ends without a word to anybody, and with everything it held. */
  async kill(): Promise<void> {
    const child = this.child;
    if (!child) return;
    this.child = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Starts at the same port, empty. Resolves when it takes connections. */
  async begin(): Promise<void> {
    const settings = { port: this.port, bind: '127.0.0.1', dir: tmpdir(), save: '', appendonly: 'no' };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const [command = PROGRAM, ...rest] = [...TIED, PROGRAM, ...args];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.child = child;
    let output = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      output += chunk.toString();
      if (output.includes('Ready to accept connections')) break;
    }
    if (child.stdout.readableEnded) throw new Error(`${PROGRAM} didn't start: ${output.trim()}`);
    child.stdout.resume();
  }

  /** Stands still: connections stay open, and nothing is answered. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }
}
