import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface Command {
  program: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
}

const LOOK_EVERY_MS = 20;
/** Servers are often where only root looks. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;
/** Where Linux offers it, the kernel ends the server together with this process, however that ends. */
const TIED = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL'] : [];

export const isInstalled = (program: string): boolean =>
  program.startsWith('/') ? existsSync(program) : PATH.split(':').some((folder) => existsSync(join(folder, program)));

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A program that listens on the loopback interface. */
export class LocalProcess {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves when it takes connections at that port. */
  static async start(command: Command, port: number, withinMs: number): Promise<LocalProcess> {
    const [program = '', ...args] = [...TIED, command.program, ...command.args];
    const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, PATH, ...command.env } });
    running.add(child);
    const deadline = Date.now() + withinMs;
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`${command.program} ended with code ${child.exitCode}`);
      if (Date.now() > deadline) throw new Error(`${command.program} takes no connections`);
      await pause(LOOK_EVERY_MS);
    }
    return new LocalProcess(child);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Without a word to anybody. */
  async kill(): Promise<void> {
    const { child } = this;
    running.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
