import { ConflictException, Controller, Get } from '@nestjs/common';
import { defer, from, map, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../lib/index.js';
import { begin, Gate, PLATFORMS, startHttpApp, type Answer, type HttpApp } from '../../support/http-app.js';

let runs = 0;
let gate = new Gate();
let fails = false;

async function run(): Promise<object> {
  const own = ++runs;
  await gate.pass();
  if (fails) throw new ConflictException({ run: own });
  return { run: own };
}

@Controller('busy')
class Busy {
  @Get('promise')
  @Cacheable({ returns: 'response' })
  promise(): Promise<object> {
    return run();
  }

  @Get('observable')
  @Cacheable({ returns: 'response' })
  observable(): Observable<object> {
    return defer(() => from(run())).pipe(map((answer) => ({ ...answer, observed: true })));
  }

  @Get('promised-observable')
  @Cacheable({ returns: 'response' })
  async promisedObservable(): Promise<Observable<object>> {
    return defer(() => from(run()));
  }
}

const HANDLERS = ['promise', 'observable', 'promised-observable'];
const CACHES: Record<string, string> = {
  promise: 'Busy.promise',
  observable: 'Busy.observable',
  'promised-observable': 'Busy.promisedObservable',
};

describe.each(PLATFORMS)('identical requests on %s', (platform) => {
  const start = (): Promise<HttpApp> => {
    [runs, gate, fails] = [0, new Gate(), false];
    return startHttpApp(platform, { controllers: [Busy] });
  };

  /** So many requests of which none has been answered; as many at once as a server takes up. */
  async function crowd(app: HttpApp, name: string, count: number): Promise<Promise<Answer>[]> {
    const asked: Promise<Answer>[] = [];
    const before = app.counted(CACHES[name]!).reads;
    while (asked.length < count) {
      asked.push(...Array.from({ length: Math.min(200, count - asked.length) }, () => app.get(`/busy/${name}`)));
      await expect.poll(() => app.counted(CACHES[name]!).reads - before, { timeout: 10_000 }).toBe(asked.length);
    }
    return asked;
  }

  it.each([
    ...HANDLERS.map((name) => [name, 20] as const),
    ['promise', 1_000] as const,
    ['observable', 1_000] as const,
  ])('share one run: %s, %i of them', async (name, count) => {
    const app = await start();
    const asked = await crowd(app, name, count);
    gate.open();
    const bodies = new Set((await Promise.all(asked)).map(({ status, body }) => `${status} ${body}`));
    expect([...bodies]).toEqual([expect.stringMatching(/^200 \{"run":1[,}]/)]);
    expect(runs).toBe(1);
    expect(app.counted(CACHES[name]!).outcomes).toMatchObject({ loaded: 1, joined: count - 1 });
  });

  it.each(HANDLERS)('share one error, and the next one runs anew: %s', async (name) => {
    const app = await start();
    const asked = await crowd(app, name, 50);
    fails = true;
    gate.open();
    const bodies = new Set((await Promise.all(asked)).map(({ status, body }) => `${status} ${body}`));
    expect([...bodies]).toEqual(['409 {"run":1}']);
    expect((await app.get(`/busy/${name}`)).body).toBe('{"run":2}');
    fails = false;
    expect((await app.get(`/busy/${name}`)).body).toMatch(/^\{"run":3[,}]/);
    expect(runs).toBe(3);
  });
});

describe.each(PLATFORMS)('a client that leaves on %s', (platform) => {
  const start = (): Promise<HttpApp> => {
    [runs, gate, fails] = [0, new Gate(), false];
    return startHttpApp(platform, { controllers: [Busy] });
  };

  const connections = (app: HttpApp): Promise<number> =>
    new Promise((resolve) => {
      const server = app.app.getHttpServer() as { getConnections(done: (error: unknown, count: number) => void): void };
      server.getConnections((_error, count) => resolve(count));
    });

  /** It has left, and the server has noticed. */
  async function gone(app: HttpApp, client: ReturnType<typeof begin>): Promise<void> {
    const before = await connections(app);
    await client.leave();
    expect(await client.answered).toBe('left');
    await expect.poll(() => connections(app)).toBe(before - 1);
  }

  it.each(HANDLERS)('hurts nobody who waits for the answer it asked for: %s', async (name) => {
    const app = await start();
    const leader = begin(app.port, `/busy/${name}`);
    await expect.poll(() => gate.passed).toBe(1);
    const followers = Array.from({ length: 3 }, () => app.get(`/busy/${name}`));
    await expect.poll(() => app.counted(CACHES[name]!).reads).toBe(4);
    await gone(app, leader);
    gate.open();
    for (const { status, body } of await Promise.all(followers)) {
      expect([status, body]).toEqual([200, expect.stringMatching(/^\{"run":1[,}]/)]);
    }
    expect((await app.get(`/busy/${name}`)).headers['cache-status']).toMatch(/; hit;/);
    expect(runs).toBe(1);
  });

  it.each(HANDLERS)('leaves an answer for those who come later: %s', async (name) => {
    const app = await start();
    const only = begin(app.port, `/busy/${name}`);
    await expect.poll(() => gate.passed).toBe(1);
    await gone(app, only);
    const later = app.get(`/busy/${name}`);
    await expect.poll(() => app.counted(CACHES[name]!).reads).toBe(2);
    gate.open();
    expect((await later).body).toMatch(/^\{"run":1[,}]/);
    expect(runs).toBe(1);
  });

  it.each(HANDLERS)('that was waiting hurts nobody either: %s', async (name) => {
    const app = await start();
    const leader = app.get(`/busy/${name}`);
    await expect.poll(() => gate.passed).toBe(1);
    const follower = begin(app.port, `/busy/${name}`);
    await expect.poll(() => app.counted(CACHES[name]!).reads).toBe(2);
    await gone(app, follower);
    gate.open();
    expect((await leader).body).toMatch(/^\{"run":1[,}]/);
    expect((await app.get(`/busy/${name}`)).body).toMatch(/^\{"run":1[,}]/);
  });
});
