import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const STARTS_WITHIN_MS = 10_000;

/** A redis-server on the loopback interface that keeps nothing on disk and doesn't outlive this process. */
export function startRedisServer(options = []) {
  return start('redis-server', ({ port, folder }) => {
    const settings = ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
    return [...settings.map(String), ...options];
  });
}

export const startNatsServer = () =>
  start('nats-server', ({ port }) => ['--addr', '127.0.0.1', '--port', String(port)]);

export const isInstalled = (program) => find(program) !== undefined;

async function start(name, argumentsFor) {
  const program = find(name);
  if (program === undefined) throw new Error(`${name} is not on the PATH: apt-get install ${name}`);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'bench-server-'));
  const tie = find('setpriv');
  // where the system offers it, the kernel ends the server together with this process
  const [command, ...rest] = [...(tie === undefined ? [] : [tie, '--pdeathsig', 'KILL']), program];
  const child = spawn(command, [...rest, ...argumentsFor({ port, folder })], { stdio: 'ignore' });
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    kill();
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  const begun = performance.now();
  while (!(await listens(port))) {
    if (child.exitCode === null && performance.now() - begun < STARTS_WITHIN_MS) await pause(10);
    else {
      await stop();
      throw new Error(`${name} did not start`);
    }
  }
  return { port, stop, freeze: () => process.kill(child.pid, 'SIGSTOP') };
}

const find = (name) =>
  process.env.PATH.split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (is) => {
      socket.destroy();
      resolve(is);
    };
    socket.on('connect', () => answer(true)).on('error', () => answer(false));
  });
}
