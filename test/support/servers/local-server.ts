import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireProgram, type Wanted } from './install.js';
import { freePorts } from './ports.js';
import { ServerProcess } from './server-process.js';

/** Where a server is to be. */
export interface Place {
  readonly port: number;
  /** Its own; gone with it. */
  readonly folder: string;
}

/** What there is to know to start a server. */
export interface ServerKind extends Wanted {
  readonly name: string;
  /** Of its url. */
  readonly scheme: string;
  /** Whether it answers; throws or says no as long as it doesn't. */
  readonly isUp: (port: number) => Promise<boolean>;
  /** The command line; files it names are written here. */
  readonly prepare: (place: Place) => readonly string[];
}

/** A server on a free port of the loopback interface, in a folder of its own. */
export class LocalServer {
  protected constructor(
    private readonly kind: Pick<ServerKind, 'scheme'>,
    readonly port: number,
    protected readonly process: ServerProcess,
  ) {}

  protected static async launch(kind: ServerKind, wantedPort?: number): Promise<[ServerKind, number, ServerProcess]> {
    const program = await requireProgram(kind);
    for (let attempt = 1; ; attempt++) {
      const port = wantedPort ?? (await freePorts(1))[0]!;
      const folder = mkdtempSync(join(tmpdir(), `${kind.name}-`));
      const args = kind.prepare({ port, folder });
      try {
        return [kind, port, await ServerProcess.start({ program, args, folder, isUp: async () => kind.isUp(port) })];
      } catch (error) {
        rmSync(folder, { recursive: true, force: true });
        // somebody may have taken the port in between
        if (wantedPort !== undefined || attempt === 3) throw error;
      }
    }
  }

  get url(): string {
    return `${this.kind.scheme}://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.process.pid;
  }

  get isRunning(): boolean {
    return this.process.isRunning;
  }

  async kill(): Promise<void> {
    await this.process.kill();
  }

  /** The same port and folder. */
  async restart(): Promise<void> {
    await this.kill();
    await this.process.restart();
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.process.stop();
  }
}
