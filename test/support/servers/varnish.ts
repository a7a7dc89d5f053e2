import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answersHttp } from './http-probe.js';
import { LocalServer, type Place } from './local-server.js';
import { eventually } from './eventually.js';

export interface VarnishOptions {
  readonly vcl: string;
  /** Default: a free one. */
  readonly port?: number;
}

/** With libvmod-xkey, which is a package of its own. */
export class VarnishServer extends LocalServer {
  static async start({ vcl, port }: VarnishOptions): Promise<VarnishServer> {
    const prepare = ({ port, folder }: Place): string[] => {
      const file = join(folder, 'edge.vcl');
      writeFileSync(file, vcl);
      const small = ['-s', 'malloc,32m', '-l', '1m', '-p', 'thread_pools=1', '-p', 'thread_pool_min=10'];
      return ['-F', '-j', 'none', '-n', folder, '-T', 'none', '-a', `127.0.0.1:${port}`, '-f', file, ...small];
    };
    const kind = {
      name: 'varnish',
      scheme: 'http',
      isUp: answersHttp,
      program: 'varnishd',
      packages: ['varnish', 'varnish-modules'],
      isComplete: hasXkey,
      prepare,
    };
    return new VarnishServer(...(await VarnishServer.launch(kind, port)));
  }

  /** Connections are taken and nothing is answered; what is kept stays. */
  freeze(): void {
    for (const worker of childrenOf(this.pid)) process.kill(worker, 'SIGSTOP');
  }

  thaw(): void {
    for (const worker of childrenOf(this.pid)) process.kill(worker, 'SIGCONT');
  }

  /** The manager and the worker it has started, which would hold the port until it notices. */
  override async kill(): Promise<void> {
    const workers = this.isRunning ? childrenOf(this.pid) : [];
    await super.kill();
    for (const worker of workers) await end(worker);
  }
}

/** Starts Varnish; it is ready when this resolves. */
export const startVarnish = async (options: VarnishOptions): Promise<VarnishServer> => VarnishServer.start(options);

/** Debian has a folder for each architecture. */
function hasXkey(): boolean {
  const folders = ['/usr/lib', '/usr/local/lib'].flatMap((root) => {
    return namesIn(root).flatMap((name) => [join(root, name, 'varnish/vmods'), join(root, 'varnish/vmods')]);
  });
  return folders.some((folder) => namesIn(folder).includes('libvmod_xkey.so'));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

async function end(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return;
  }
  // nobody may be there to bury it
  await eventually('the worker of Varnish is gone', () => !isAlive(pid));
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
