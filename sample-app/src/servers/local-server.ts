import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.js';
import { isInstalled, LocalProcess } from './local-process.js';
import type { Place, ServerProgram } from './programs.js';

const HELPER_UP_WITHIN_MS = 10_000;

const folders: string[] = [];
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A server on the loopback interface, which bad things can be done to. */
export class LocalServer {
  private helper: LocalProcess | undefined;
  private server: LocalProcess | undefined;

  private constructor(
    private readonly program: ServerProgram,
    private readonly place: Place,
  ) {}

  /** Throws an error whose message says what to type if there is no such program on this machine. */
  static async start(program: ServerProgram): Promise<LocalServer> {
    const missing = program.needs.find((each) => !isInstalled(each));
    if (missing !== undefined) {
      const { install, instead } = program;
      throw new Error(`${missing} can't be started. Type: ${install}\nor name one that is running: ${instead}`);
    }
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    const folder = mkdtempSync(join(tmpdir(), 'shop-server-'));
    folders.push(folder);
    const server = new LocalServer(program, { ports, folder });
    await server.begin();
    return server;
  }

  get url(): string {
    return `${this.program.scheme}://127.0.0.1:${this.place.ports[0]}`;
  }

  get pid(): number | undefined {
    return this.server?.pid;
  }

  /** Ends without a word to anybody, and with everything that it held in memory. */
  async kill(): Promise<void> {
    await this.server?.kill();
    await this.helper?.kill();
  }

  /** Starts at the same port. Resolves when it takes connections. */
  async begin(): Promise<void> {
    const { program, place } = this;
    const { helper } = program;
    if (helper) this.helper = await LocalProcess.start(helper.command(place), helper.port(place), HELPER_UP_WITHIN_MS);
    this.server = await LocalProcess.start(program.command(place), place.ports[0], program.upWithinMs);
  }

  /** Stands still: connections stay open, and nothing is answered. */
  freeze(): void {
    this.server?.signal('SIGSTOP');
  }

  thaw(): void {
    this.server?.signal('SIGCONT');
  }
}
