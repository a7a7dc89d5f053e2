import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireProgram, type Wanted } from './install.js';
import { answersHttp } from './http-probe.js';
import { freePorts } from './ports.js';
import { ServerProcess } from './server-process.js';

/** Where a server is to be. */
export interface Place {
  readonly port: number;
  /** Its own; gone with it. */
  readonly folder: string;
}

/** What there is to know to start an HTTP server. */
export interface EdgeKind extends Wanted {
  readonly name: string;
  /** The command line; files it names are written here. */
  readonly prepare: (place: Place) => readonly string[];
}

/** An HTTP server in front of an origin, on the loopback interface, in a folder of its own. */
export class EdgeServer {
  protected constructor(
    readonly port: number,
    protected readonly process: ServerProcess,
  ) {}

  protected static async launch(kind: EdgeKind, wantedPort?: number): Promise<[number, ServerProcess]> {
    const program = await requireProgram(kind);
    for (let attempt = 1; ; attempt++) {
      const port = wantedPort ?? (await freePorts(1))[0]!;
      const folder = mkdtempSync(join(tmpdir(), `${kind.name}-`));
      const args = kind.prepare({ port, folder });
      try {
        return [port, await ServerProcess.start({ program, args, folder, isUp: async () => answersHttp(port) })];
      } catch (error) {
        rmSync(folder, { recursive: true, force: true });
        // somebody may have taken the port in between
        if (wantedPort !== undefined || attempt === 3) throw error;
      }
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
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
