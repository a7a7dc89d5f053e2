import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const STARTS_WITHIN_MS = 10_000;

/** A redis-server on the loopback interface that keeps nothing on disk and doesn't outlive this process. */
export async function startRedisServer(options = []) {
  const program = find('redis-server');
  if (program === undefined) throw new Error('redis-server is not on the PATH: apt-get install redis-server');
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'bench-redis-'));
  const settings = ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const tie = find('setpriv');
  // where the system offers it, the kernel ends the server together with this process
  const [command, ...rest] = [...(tie === undefined ? [] : [tie, '--pdeathsig', 'KILL']), program];
  const child = spawn(command, [...rest, ...settings.map(String), ...options], { stdio: 'ignore' });
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
      throw new Error('redis-server did not start');
    }
  }
  return { port, stop, freeze: () => process.kill(child.pid, 'SIGSTOP') };
}

const find = (name) =>
  process.env.PATH.split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));

async function freePort() {
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
