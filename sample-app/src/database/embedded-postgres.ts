import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { firstMessage, letGo } from '../child-process.js';

const PROGRAM = fileURLToPath(new URL('./pglite.process.mjs', import.meta.url));

/** Postgres compiled to WebAssembly, in a child process that ends with this one. */
export class EmbeddedPostgres {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(): Promise<EmbeddedPostgres> {
    const child = fork(PROGRAM, { execArgv: [] });
    const { address } = await firstMessage<{ address: string }>(child, 'The embedded Postgres');
    return new EmbeddedPostgres(child, `postgres://postgres@${address}/postgres`);
  }

  stop(): Promise<void> {
    return letGo(this.child);
  }
}
