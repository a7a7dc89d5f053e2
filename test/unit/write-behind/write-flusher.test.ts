import { describe, expect, it } from 'vitest';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { WriteFlusher } from '../../../lib/write-behind/write-flusher.js';
import type { TakenBatch, TakenWrite, WriteQueue } from '../../../lib/write-behind/write-queue.interface.js';
import { RejectedWritesError } from '../../../lib/write-behind/write-sink.interface.js';
import { settle } from '../../support/engine.js';

const WRITE: TakenWrite = { id: '0-1', key: 'a', version: 1, deliveries: 1, queued: undefined };

/** A queue of one write, and what is told of it in its order. */
function bench(queue: Partial<WriteQueue> = {}) {
  const told: string[] = [];
  const clock = new TestClock();
  let taken = 0;
  const parts = {
    take: () => Promise.resolve<TakenBatch>({ waiting: 1, writes: taken++ === 0 ? [WRITE] : [] }),
    end: () => Promise.resolve(Boolean(told.push('ended'))),
    bury: () => Promise.resolve('buried'),
    renew: () => Promise.resolve(true),
    release: () => Promise.resolve(void told.push('released')),
    ...queue,
  } as WriteQueue;
  let sink = (): unknown => undefined;
  const flusher = new WriteFlusher(
    {
      queue: parts,
      runtime: clock,
      sink: async () => {
        told.push('sink');
        await sink();
      },
      open: ({ key, version }) => ({ key, version, value: 1, writtenAt: 0 }),
      written: async () => {
        await settle();
        told.push('written');
      },
      buried: () => void told.push('buried'),
      inDoubt: () => void told.push('in doubt'),
    },
    { flushEveryMs: 1_000, batch: 10, attempts: 3, retryFromMs: 100, retryToMs: 1_000, leaseMs: 10_000, drainMs: 500 },
  );
  return { flusher, told, clock, sinkDoes: (does: () => unknown) => (sink = does) };
}

describe('WriteFlusher', () => {
  it('tells that a write is in the database before it leaves the queue, or nobody would when that goes wrong', async () => {
    const { flusher, told } = bench();
    await flusher.flush();
    expect(told).toEqual(['sink', 'written', 'ended']);
  });

  it('tells of a write that may be among the dead letters, when nobody knows', async () => {
    const { flusher, told, sinkDoes } = bench({ bury: () => Promise.reject(new Error('no answer')) });
    sinkDoes(() => {
      throw new RejectedWritesError(new Map([['a', 'no room']]));
    });
    await expect(flusher.flush()).rejects.toThrow('no answer');
    expect(told).toEqual(['sink', 'in doubt']);
  });

  it('calls its sink no more once it is closed', async () => {
    let answer!: (batch: TakenBatch) => void;
    const { flusher, told, clock } = bench({ take: () => new Promise((resolve) => (answer = resolve)) });
    const flushing = flusher.flush();
    const closing = flusher.close();
    await clock.advance(500);
    await closing;
    answer({ waiting: 1, writes: [WRITE] });
    await flushing;
    expect(told.filter((each) => each !== 'released')).toEqual([]);
  });

  it('takes nothing more once it is closed, and leaves nothing in its hands', async () => {
    let taken = 0;
    let end!: (isOurs: boolean) => void;
    const { flusher, told, clock } = bench({
      take: () => Promise.resolve({ waiting: 2, writes: taken++ < 2 ? [WRITE] : [] }),
      end: () => new Promise((resolve) => (end = resolve)),
    });
    const flushing = flusher.flush();
    const closing = flusher.close();
    await clock.advance(500);
    await closing;
    end(true);
    await flushing;
    expect(taken).toBe(1);
    expect(told.toSorted()).toEqual(['released', 'sink', 'written']);
  });
});
