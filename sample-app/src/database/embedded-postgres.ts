import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./pglite.process.mjs', import.meta.url));

/** Postgres compiled to WebAssembly, in a child process that ends with this one. */
export class EmbeddedPostgres {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(): Promise<EmbeddedPostgres> {
    const child = fork(PROGRAM, { execArgv: [] });
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(`The embedded Postgres ended with code ${code} before it was ready`);
    });
    const [{ address }] = (await Promise.race([once(child, 'message'), failed])) as [{ address: string }];
    return new EmbeddedPostgres(child, `postgres://postgres@${address}/postgres`);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }
}
