import { describe, expect, it } from 'vitest';
import { keys, purgerOver, total } from './edge-double.js';

describe('a purge that fails', () => {
  it('is tried again, after pauses that double', async () => {
    const { purger, clock, edge, requests } = purgerOver({ batchMs: 0 });
    edge.does = 'fails';
    purger.purge(['a'], 'hard');
    await clock.advance(0);
    expect(requests()).toEqual(['0 hard a']);
    await clock.advance(3_000);
    expect(requests()).toEqual(['0 hard a', '200 hard a', '600 hard a', '1400 hard a', '3000 hard a']);
    edge.does = 'answers';
    await clock.advance(3_200);
    expect(requests().at(-1)).toBe('6200 hard a');
    expect(purger.status()).toEqual({
      purged: 1,
      failed: 0,
      retried: 5,
      dropped: 0,
      pending: 0,
      lastError: 'edge is down',
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('pauses by chance between half and one and a half, and never longer than it may', async () => {
    const chance = [0, 0.999, 0.5, 0];
    const setup = { batchMs: 0, maxRetryPauseMs: 500, retries: 4, random: () => chance.shift()! };
    const { purger, clock, edge, sent } = purgerOver(setup);
    edge.does = 'fails';
    purger.purge(['a'], 'hard');
    await clock.advance('1m');
    expect(sent.map(({ atMs }) => Math.round(atMs))).toEqual([0, 100, 700, 1_200, 1_450]);
  });

  it('is given up in the end, and the next one is tried', async () => {
    const { purger, clock, edge, requests } = purgerOver({ batchMs: 0, retries: 1, maxKeys: 2 });
    edge.does = 'fails';
    purger.purge(['a', 'b', 'c'], 'hard');
    await clock.advance(200);
    expect(purger.status()).toMatchObject({ failed: 2, retried: 1, pending: 1 });
    edge.does = 'answers';
    await clock.advance(200);
    expect(requests()).toEqual(['0 hard a b', '200 hard a b', '200 hard c', '400 hard c']);
    expect(purger.status()).toMatchObject({ purged: 1, failed: 2, retried: 2, pending: 0 });
  });

  it('is one that wasn’t answered in time: its signal is aborted, and a late answer changes nothing', async () => {
    const { purger, clock, edge, sent } = purgerOver({ batchMs: 0, retries: 1 });
    edge.does = 'holds';
    purger.purge(['a'], 'hard');
    await clock.advance(1_999);
    expect([sent.length, sent[0]!.signal.aborted]).toEqual([1, false]);
    await clock.advance(1);
    expect(sent[0]!.signal.reason).toEqual(new Error('no answer within 2000 ms'));
    expect(purger.status().lastError).toBe('no answer within 2000 ms');
    edge.releaseAll();
    await clock.advance(200);
    expect([sent.length, purger.status().purged]).toEqual([2, 0]);
    edge.releaseAll();
    await clock.advance(0);
    expect(purger.status()).toMatchObject({ purged: 1, failed: 0, retried: 1 });
    expect([sent[1]!.signal.aborted, clock.pendingTimers]).toEqual([false, 0]);
  });

  it.each<[string, () => unknown, string]>([
    [
      'throws at once',
      () => {
        throw new Error('at once');
      },
      'at once',
    ],
    [
      'throws what is no error',
      () => {
        // eslint-disable-next-line no-throw-literal, typescript/only-throw-error
        throw undefined;
      },
      'an error without a message',
    ],
    // eslint-disable-next-line typescript/prefer-promise-reject-errors
    ['rejects with what can’t be described', () => Promise.reject(Object.create(null)), 'an error that can’t be'],
    [
      'answers something whose `then` throws',
      () => ({
        // eslint-disable-next-line unicorn/no-thenable
        get then(): unknown {
          throw new Error('no promise');
        },
      }),
      'no promise',
    ],
    ['answers a response that refuses', () => new Response(null, { status: 503 }), 'answered 503'],
    ['answers anything that isn’t ok', () => Promise.resolve({ ok: false }), 'refused'],
    [
      'names causes, lines and all',
      () => Promise.reject(new TypeError('fetch\n failed', { cause: Object.assign(new Error(''), { code: 'ECONN' }) })),
      'fetch failed: ECONN',
    ],
    ['has too much to say', () => Promise.reject(new Error('x'.repeat(1_000))), `${'x'.repeat(300)}…`],
  ])('is one whose sender %s', async (_, send, lastError) => {
    const { purger, clock } = purgerOver({ batchMs: 0, retries: 0, send });
    purger.purge(['a'], 'hard');
    await clock.advance(0);
    expect(purger.status()).toMatchObject({ purged: 0, failed: 1 });
    expect(purger.status().lastError).toContain(lastError);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 0],
    ['a good response', new Response('done')],
  ])('isn’t one that is answered with %s', async (_, answer) => {
    const { purger, clock } = purgerOver({ batchMs: 0, send: () => answer });
    purger.purge(['a'], 'hard');
    await clock.advance(0);
    expect(purger.status()).toMatchObject({ purged: 1, failed: 0 });
  });

  it('of everything is tried again and counted as well', async () => {
    const { purger, clock, edge, requests } = purgerOver({ canPurgeAll: true, maxQueuedKeys: 1, retries: 1 });
    edge.does = 'fails';
    purger.purge(keys(2), 'hard');
    await clock.advance(200);
    expect(requests()).toEqual(['0 hard everything', '200 hard everything']);
    expect(purger.status()).toMatchObject({ failed: 2, pending: 0 });
  });
});

describe('an edge that fails', () => {
  it('is told of once, and again when it gets worse and when it works', async () => {
    const { purger, clock, edge, told } = purgerOver({ batchMs: 0, retries: 2 });
    edge.does = 'fails';
    for (let n = 0; n < 5; n++) {
      purger.purge([`a${n}`], 'hard');
      await clock.advance('1s');
    }
    expect(told).toEqual([
      'hard purges at the edge fail: edge is down',
      'hard purges at the edge are given up, and copies stay until they expire: edge is down',
    ]);
    edge.does = 'answers';
    purger.purge(['b'], 'hard');
    await clock.advance('1s');
    expect(told.slice(2)).toEqual(['hard purges at the edge work again; 5 keys were not purged']);
    edge.does = 'fails';
    purger.purge(['c'], 'hard');
    await clock.advance(100);
    edge.does = 'answers';
    await clock.advance('1s');
    expect(told.slice(3)).toEqual(['hard purges at the edge fail: edge is down', 'hard purges at the edge work again']);
    expect(total({ purger })).toBe(7);
  });

  it('for one mode only isn’t told of again and again because the other works', async () => {
    const { purger, clock, edge, told } = purgerOver({ batchMs: 0, retries: 0 });
    edge.does = 'fails';
    edge.only = 'soft';
    for (let n = 0; n < 5; n++) {
      purger.purge([`a${n}`], 'soft');
      purger.purge([`b${n}`], 'hard');
      await clock.advance('1s');
    }
    expect(told.map((line) => line.split(' ', 1)[0])).toEqual(['soft', 'soft']);
    expect(purger.status()).toMatchObject({ purged: 5, failed: 5 });
  });

  it('may have a listener that throws', async () => {
    const { purger, clock, edge, told } = purgerOver({ batchMs: 0, retries: 0 });
    told.push = () => {
      throw new Error('the log is full');
    };
    edge.does = 'fails';
    purger.purge(['a'], 'hard');
    await clock.advance(0);
    expect(purger.status()).toMatchObject({ failed: 1, pending: 0 });
  });
});
