import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runScript } from '../../support/script.js';
import { eventually } from '../../support/servers/eventually.js';
import { answersHttp } from '../../support/servers/http-probe.js';
import { startNginx } from '../../support/servers/nginx.js';
import { startVarnish } from '../../support/servers/varnish.js';

const VCL = 'vcl 4.1; backend none none; sub vcl_recv { return (synth(200)); }';
const kinds = {
  varnish: async (port?: number) => startVarnish({ vcl: VCL, ...(port !== undefined && { port }) }),
  nginx: async (port?: number) => {
    const config = ({ port }: { port: number }) => `server { listen 127.0.0.1:${port}; return 200; }`;
    return startNginx({ config, ...(port !== undefined && { port }) });
  },
};

const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

describe.each(['varnish', 'nginx'] as const)('a %s server', (kind) => {
  it('answers when it is started, is gone when it is killed, and comes back on its port', async () => {
    const server = await kinds[kind]();
    onTestFinished(async () => server.stop());
    expect((await fetch(server.url)).status).toBe(200);
    await server.kill();
    expect([server.isRunning, await answersHttp(server.port)]).toEqual([false, false]);
    await server.restart();
    expect((await fetch(server.url)).status).toBe(200);
  });

  it('leaves neither processes nor its port when it is stopped', async () => {
    const server = await kinds[kind]();
    const pids = [server.pid, ...childrenOf(server.pid)];
    expect(pids).toHaveLength(kind === 'varnish' ? 2 : 1);
    await server.stop();
    expect([pids.filter(isAlive), await answersHttp(server.port)]).toEqual([[], false]);
    const other = await kinds[kind](server.port);
    await other.stop();
  });

  it('says what is wrong with its configuration', async () => {
    const started = kind === 'varnish' ? startVarnish({ vcl: 'nonsense' }) : startNginx({ config: () => 'nonsense;' });
    await expect(started).rejects.toThrow('nonsense');
  });

  it('ends with the process that started it, however that ends', async () => {
    const child = await runScript(`
      import { ${kind === 'varnish' ? 'startVarnish' : 'startNginx'} as start } from './test/support/servers/${kind}.js';
      const server = await start({ vcl: ${JSON.stringify(VCL)}, config: ({ port }) => \`server { listen 127.0.0.1:\${port}; return 200; }\` });
      console.log(server.pid, server.process.launch.folder);
      setInterval(() => {}, 1_000);`);
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const [pid, folder] = line.toString().trim().split(' ');
    onTestFinished(() => rmSync(folder!, { recursive: true, force: true }));
    const pids = [Number(pid), ...childrenOf(Number(pid))];
    expect(pids.every(isAlive)).toBe(true);
    child.kill('SIGKILL');
    await eventually('all of it is gone', () => !pids.some(isAlive));
  });
});
