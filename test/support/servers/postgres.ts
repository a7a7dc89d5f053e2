import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { findProgram, requireProgram } from './install.js';
import { freePorts } from './ports.js';
import { ServerProcess } from './server-process.js';

/** Where Debian keeps the programs of each version, outside of the PATH. */
const VERSIONS = '/usr/lib/postgresql';
/** Postgres refuses to be root. */
const NOBODY = 65_534;

/** A Postgres on a free port of the loopback interface, with a database of its own. */
export class PostgresServer {
  private constructor(
    readonly url: string,
    private readonly process: ServerProcess,
  ) {}

  static async start(): Promise<PostgresServer> {
    await requireProgram({
      program: 'psql',
      packages: ['postgresql'],
      isComplete: () => programsFolder() !== undefined,
    });
    const programs = programsFolder()!;
    const [port] = (await freePorts(1)) as [number];
    const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    try {
      if (isRoot()) chownSync(folder, NOBODY, NOBODY);
      const data = join(folder, 'data');
      await runUnprivileged(join(programs, 'initdb'), [
        '-D',
        data,
        '-U',
        'postgres',
        '-A',
        'trust',
        '-E',
        'UTF8',
        '-N',
      ]);
      const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
      const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
      const [program, ...rest] = unprivileged(join(programs, 'postgres'), args);
      const isUp = async (): Promise<boolean> => answers(url);
      return new PostgresServer(url, await ServerProcess.start({ program: program!, args: rest, folder, isUp }));
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async kill(): Promise<void> {
    await this.process.kill();
  }

  /** The same port and data. */
  async restart(): Promise<void> {
    await this.process.restart();
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }
}

/** Starts a server; it is ready when this resolves. */
export const startPostgres = async (): Promise<PostgresServer> => PostgresServer.start();

const isRoot = (): boolean => process.getuid?.() === 0;

function programsFolder(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => join(VERSIONS, version, 'bin'));
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

function unprivileged(program: string, args: readonly string[]): string[] {
  if (!isRoot()) return [program, ...args];
  const user = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--pdeathsig', 'KILL'];
  return [findProgram('setpriv')!, ...user, program, ...args];
}

async function runUnprivileged(program: string, args: readonly string[]): Promise<void> {
  const [command, ...rest] = unprivileged(program, args);
  await promisify(execFile)(command!, rest, { cwd: tmpdir() });
}

async function answers(url: string): Promise<true> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => {});
  await client.connect();
  await client.end();
  return true;
}
