import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './servers.mjs';

const run = promisify(execFile);
const VERSIONS = '/usr/lib/postgresql';
/** Postgres refuses to be root. */
const NOBODY = '65534';

/** A Postgres with its own defaults on the loopback interface; it ends with this process. */
export async function startPostgresServer() {
  const programs = (existsSync(VERSIONS) ? readdirSync(VERSIONS) : [])
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(VERSIONS, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
  if (programs === undefined) throw new Error('postgres is not there: apt-get install postgresql');
  const isRoot = process.getuid() === 0;
  const unprivileged = (program, args) =>
    isRoot ? ['setpriv', ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', program, ...args]] : [program, args];
  const folder = mkdtempSync(join(tmpdir(), 'bench-postgres-'));
  if (isRoot) chownSync(folder, Number(NOBODY), Number(NOBODY));
  const data = join(folder, 'data');
  await run(...unprivileged(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8']));
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories='].flatMap((setting) => ['-c', setting]);
  const [program, args] = unprivileged(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...settings]);
  const child = spawn(program, args, { stdio: 'ignore' });
  const kill = () => child.kill('SIGINT');
  process.on('exit', kill);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await untilItAnswers(url);
  const stop = async () => {
    process.off('exit', kill);
    const gone = once(child, 'exit');
    kill();
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

async function untilItAnswers(url) {
  const { default: pg } = await import('pg');
  for (let attempt = 0; attempt < 200; attempt++) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
      return;
    } catch {
      await pause(50);
    } finally {
      await client.end().catch(() => {});
    }
  }
  throw new Error('postgres did not start');
}
