import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../../support/servers/eventually.js';
import { findProgram } from '../../support/servers/install.js';
import { monotonicMs } from './chaos-run.js';
import type { ChaosHistory } from './chaos-history.js';
import type { VersionedSource } from './versioned-source.js';
import type { FromWorker, ToWorker, WorkerAccount, WorkerSettings, WorkerStatus } from './worker-messages.js';

const WORKERS = 4;

interface Worker {
  readonly index: number;
  life: number;
  child: ChildProcess | undefined;
  stopped: boolean;
  /** What it said last; nothing since it was stopped or started. */
  status: WorkerStatus | undefined;
  account: WorkerAccount | undefined;
}

interface Surroundings {
  readonly script: string;
  readonly source: VersionedSource;
  readonly history: ChaosHistory;
  readonly settings: (worker: number, life: number) => WorkerSettings;
}

/** The processes under test. All they know of the world is Redis and the source. */
export class WorkerPool {
  readonly #workers: Worker[] = Array.from({ length: WORKERS }, (_, index) => ({
    index,
    life: 0,
    child: undefined,
    stopped: false,
    status: undefined,
    account: undefined,
  }));
  readonly #end = (): void => {
    for (const { child } of this.#workers) child?.kill('SIGKILL');
  };

  constructor(private readonly surroundings: Surroundings) {
    process.on('exit', this.#end);
  }

  get size(): number {
    return WORKERS;
  }

  async start(): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => this.#start(worker)));
    await this.wellness();
  }

  /** Ends it without a word, and starts another one in its place. */
  async replace(index: number, afterMs: number): Promise<void> {
    const worker = this.#workers[index]!;
    const { child } = worker;
    const gone = once(child!, 'exit');
    worker.child = undefined;
    child!.kill('SIGKILL');
    await gone;
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    worker.life++;
    await this.#start(worker);
  }

  /** It stands still, in the middle of whatever it does. */
  stop(index: number): void {
    const worker = this.#workers[index]!;
    worker.child?.kill('SIGSTOP');
    worker.stopped = true;
  }

  resume(index: number): void {
    const worker = this.#workers[index]!;
    worker.child?.kill('SIGCONT');
    worker.stopped = false;
    worker.status = undefined;
  }

  /** Resolves when every process trusts the journal, and has nothing to tell it. */
  async wellness(): Promise<void> {
    for (const worker of this.#workers) worker.status = undefined;
    await eventually(
      'every process is well',
      () => this.#workers.every(({ status }) => status?.trusted === true && status.queued === 0),
      { withinMs: 20_000, everyMs: 5 },
    );
  }

  /** Resolves when in addition nothing is on its way to the journal, which needs calm. */
  async quiet(): Promise<void> {
    await eventually('nothing is pending', () => this.#workers.every(({ status }) => status?.pending === 0));
    await this.wellness();
  }

  describe(): string {
    return JSON.stringify(this.#workers.map(({ index, life, stopped, status }) => ({ index, life, stopped, status })));
  }

  calm(): void {
    this.#tell({ kind: 'calm' });
  }

  async finish(): Promise<readonly WorkerAccount[]> {
    this.#tell({ kind: 'finish' });
    await eventually('every process gives its account', () =>
      this.#workers.every(({ account }) => account !== undefined),
    );
    return this.#workers.map(({ account }) => account!);
  }

  async close(): Promise<void> {
    const children = this.#workers.flatMap(({ child }) => child ?? []);
    for (const worker of this.#workers) worker.child = undefined;
    const gone = children.map(async (child) => child.exitCode ?? child.signalCode ?? once(child, 'exit'));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(gone);
    process.off('exit', this.#end);
  }

  async #start(worker: Worker): Promise<void> {
    const child = fork(this.surroundings.script, { stdio: 'inherit', ...tiedToThisProcess() });
    worker.child = child;
    worker.status = undefined;
    const origin = `${worker.index}.${worker.life}`;
    const forked = new Promise<void>((resolve, reject) => {
      child.on('message', (message: FromWorker) => {
        if (message.kind === 'forked') resolve();
        else this.#hear(worker, child, origin, message);
      });
      child.once('exit', (code) => {
        if (worker.child !== child) return;
        const message = `it ended by itself with code ${code}`;
        this.surroundings.history.note(origin, { kind: 'rejected', what: 'the process', at: monotonicMs(), message });
        reject(new Error(message));
      });
    });
    await forked;
    child.send({
      kind: 'begin',
      settings: this.surroundings.settings(worker.index, worker.life),
    } satisfies ToWorker);
  }

  #hear(worker: Worker, child: ChildProcess, origin: string, message: FromWorker): void {
    const { source, history } = this.surroundings;
    switch (message.kind) {
      case 'ask': {
        const versions = message.rows.map((row) => (message.writes ? source.commit(row) : source.versionOf(row)));
        if (child.connected) child.send({ kind: 'rows', id: message.id, versions } satisfies ToWorker, () => {});
        return;
      }
      case 'events':
        for (const event of message.events) history.note(origin, event);
        return;
      case 'status':
        // what a stopped process said before is no news
        if (worker.child === child && !worker.stopped) worker.status = message.status;
        return;
      case 'finished':
        worker.account = message.account;
    }
  }

  #tell(message: ToWorker): void {
    for (const { child } of this.#workers) child?.send(message);
  }
}

/** Where the system offers it, the kernel ends a process together with its parent, even one that stands still. */
function tiedToThisProcess(): { readonly execPath?: string; readonly execArgv: string[] } {
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : undefined;
  if (setpriv === undefined) return { execArgv: [] };
  return { execPath: setpriv, execArgv: ['--pdeathsig', 'KILL', process.execPath] };
}
