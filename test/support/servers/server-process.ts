import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { findProgram } from './install.js';
import { eventually } from './eventually.js';

/** How a server is started; the same each time it is started again. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Answers true as soon as the server can be used. */
  readonly isUp: () => Promise<boolean>;
}

const running = new Set<ChildProcess>();
const folders = new Set<string>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A server in a process of its own, which doesn't outlive this one. */
export class ServerProcess {
  private child: ChildProcess | undefined;
  private output = '';

  private constructor(private readonly launch: Launch) {
    folders.add(launch.folder);
  }

  static async start(launch: Launch): Promise<ServerProcess> {
    const server = new ServerProcess(launch);
    await server.begin();
    return server;
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.launch.program} is not running`);
    return this.child.pid;
  }

  get isRunning(): boolean {
    return this.child !== undefined;
  }

  /** The process stands still: connections stay open and nothing is answered. */
  async freeze(): Promise<void> {
    const { pid } = this;
    process.kill(pid, 'SIGSTOP');
    if (process.platform === 'linux') await eventually('the server stands still', () => stateOf(pid) === 'T');
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** Ends at once, without a word to anybody; resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.child;
    if (child === undefined) return;
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await gone;
    running.delete(child);
    this.child = undefined;
  }

  /** The same port and folder. */
  async restart(): Promise<void> {
    await this.kill();
    await this.begin();
  }

  /** For good: the folder goes as well. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.launch.folder, { recursive: true, force: true });
    folders.delete(this.launch.folder);
  }

  private async begin(): Promise<void> {
    const { program, args, isUp } = this.launch;
    const [command, ...rest] = [...tiedToThisProcess(), program, ...args];
    const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    this.child = child;
    this.output = '';
    const collect = (chunk: Buffer) => (this.output = (this.output + chunk.toString()).slice(-2_000));
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    let failure: Error | undefined;
    child.once('error', (error) => (failure = error));
    await eventually(
      `${program} answers`,
      async () => {
        if (failure !== undefined || child.exitCode !== null) return 'over';
        return await isUp();
      },
      { withinMs: 15_000, everyMs: 10 },
    ).catch(async (error: unknown) => {
      await this.kill();
      throw error;
    });
    if (failure === undefined && child.exitCode === null) return;
    running.delete(child);
    this.child = undefined;
    throw new Error(`${program} ended with code ${child.exitCode}: ${this.output}`, { cause: failure });
  }
}

/** Where the system offers it, the kernel ends the server together with its parent, however that ends. */
function tiedToThisProcess(): string[] {
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : undefined;
  return setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL'];
}

/** `T` for a process that was stopped; see proc(5). */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
}
