import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { AppMessage, AppPlot } from '../support/processes/app.process.js';
import { bundled } from '../support/processes/bundle.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

/** Far more than closing takes, and far less than a test may. */
const ENDS_WITHIN_MS = 8_000;

let server: RedisServer;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => {
  if (server.isRunning) server.thaw();
  await server.stop();
});

interface App {
  /** What it said first: that it runs, or why it doesn't; nothing when it ended before. */
  readonly first: AppMessage | undefined;
  /** Has it closed. */
  close(): void;
  /** Its exit code, or that it had to be killed, and what it wrote. */
  readonly end: Promise<{ readonly code: number | null; readonly output: string }>;
}

async function startApp(plot: AppPlot): Promise<App> {
  const child = fork(await bundled('app.process.ts'), [plot, server.url], { silent: true });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const first = await Promise.race([
    (once(child, 'message') as Promise<[AppMessage]>).then(([message]) => message),
    exited.then(() => undefined),
  ]);
  return {
    first,
    close: () => void child.send('close'),
    get end() {
      const timer = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
      return exited.then(([code]) => {
        clearTimeout(timer);
        return { code, output };
      });
    },
  };
}

describe('a process with an application', () => {
  it.each([
    ['while Redis is there', async () => {}],
    ['while Redis is away', async () => server.kill()],
    ['while Redis is frozen', async () => server.freeze()],
  ])('ends by itself when the application is closed %s', async (_when, happen) => {
    const app = await startApp('runs');
    expect(app.first).toEqual({ said: 'runs', value: 'user 7' });
    await happen();
    app.close();

    expect(await app.end).toEqual({ code: 0, output: '' });
  });

  it('ends by itself where Redis never was there', async () => {
    await server.kill();
    const app = await startApp('runs');
    expect(app.first).toEqual({ said: 'runs', value: 'user 7' });
    app.close();

    expect(await app.end).toEqual({ code: 0, output: '' });
  });

  it.each([
    ['its options are wrong', 'bad options', /caches\.users\.ttl/],
    ['its decorators are wrong', 'bad decorator', /did you mean 'users'/],
  ] as const)('ends by itself where the application can’t start because %s', async (_why, plot, message) => {
    const app = await startApp(plot);
    expect(app.first).toMatchObject({ said: 'failed', name: 'CacheConfigurationError' });
    expect(JSON.stringify(app.first)).toMatch(message);

    expect(await app.end).toEqual({ code: 0, output: '' });
  });

  it('ends where another module keeps the application from starting', async () => {
    const app = await startApp('another module fails');

    expect(app.first).toBeUndefined();
    expect(await app.end).toMatchObject({ code: 1 });
  });

  it('opens no connection where the cache is disabled', async () => {
    const app = await startApp('disabled');
    expect(app.first).toEqual({ said: 'runs', value: 'user 7' });
    expect(String(await server.command('INFO', 'stats'))).not.toMatch(/evalsha/);
    app.close();

    expect(await app.end).toEqual({ code: 0, output: '' });
  });
});
