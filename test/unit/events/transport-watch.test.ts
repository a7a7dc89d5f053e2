import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Marks } from '../../../lib/coalescing/marks.interface.js';
import { Once } from '../../../lib/coalescing/once.js';
import { EventLog } from '../../../lib/events/event-log.js';
import type { GapPolicy } from '../../../lib/events/events-options.interface.js';
import { Presence } from '../../../lib/events/presence.js';
import { TransportWatch, type WatchTerms } from '../../../lib/events/transport-watch.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

const NATS = 2;
const RABBIT = 5;
const KAFKA = 6;

/** Marks of which only the time they are remembered matters here. */
class TimedMarks implements Marks {
  readonly until = new Map<string, number>();
  constructor(private readonly clock: TestClock) {}
  async begin(): Promise<'mine'> {
    return 'mine';
  }
  async done(id: string, forMs: number): Promise<void> {
    this.until.set(id, this.clock.monotonic() + forMs);
  }
  async failed(): Promise<void> {}
  async isDone(id: string): Promise<boolean> {
    return this.clock.monotonic() < (this.until.get(id) ?? 0);
  }
}

function watching(terms: Partial<WatchTerms> = {}, clock = new TestClock()) {
  const mended: string[] = [];
  const warnings: string[] = [];
  const logger = { warn: (line: string) => warnings.push(line), error: () => undefined, log: () => undefined };
  const watch = new TransportWatch(
    {
      gapPolicyOf: () => undefined,
      acknowledges: false,
      isSharedSubscription: false,
      isShared: true,
      presence: undefined,
      mend: (policy) => mended.push(policy),
      ...terms,
    },
    clock,
    new EventLog(logger, clock),
  );
  const server = (transportId: number, options: object = {}, more: object = {}) => {
    const status = new Subject<string>();
    watch.add({ transportId, status, options, ...more });
    return status;
  };
  return { clock, watch, mended, warnings, server };
}

describe('a transport that was away', () => {
  it('has everything expire when it is back and has subscribed again, if it keeps nothing', async () => {
    const { clock, mended, server, watch } = watching();
    const nats = server(NATS);
    nats.next('connected');
    nats.next('disconnected');
    nats.next('reconnecting');
    await clock.advance(60_000);
    expect(mended).toEqual([]);
    nats.next('connected');
    await clock.advance(499);
    expect(mended).toEqual([]);
    await clock.advance(1);
    expect(mended).toEqual(['expire']);
    expect(watch.statuses()).toEqual([
      { transport: 'nats', reach: 'everyone', onGap: 'expire', connected: true, gaps: 1 },
    ]);
  });

  it('is made good for once, however often it flaps', async () => {
    const { clock, mended, server, watch } = watching();
    const nats = server(NATS);
    for (const state of ['connected', 'disconnected', 'connected', 'disconnected', 'connected']) nats.next(state);
    await clock.advance(1_000);
    expect(mended).toEqual(['expire']);
    expect(watch.statuses()[0]!.gaps).toBe(2);
  });

  it('leaves everything as it is when it delivers late', async () => {
    const { clock, mended, server, watch } = watching();
    const kafka = server(KAFKA);
    for (const state of ['connected', 'crashed', 'connected']) kafka.next(state);
    await clock.advance(1_000);
    expect(mended).toEqual([]);
    expect(watch.statuses()[0]!.gaps).toBe(1);
  });

  it.each<[GapPolicy, string[]]>([
    ['nothing', []],
    ['expire', ['expire']],
    ['clear', ['clear']],
  ])('is made good for as the application says: %s', async (policy, expected) => {
    const { clock, mended, server } = watching({ gapPolicyOf: () => policy });
    const nats = server(NATS);
    for (const state of ['connected', 'disconnected', 'connected']) nats.next(state);
    await clock.advance(1_000);
    expect(mended).toEqual(expected);
  });

  it('wasn’t away while it rebalances, or is told to slow down', async () => {
    const { mended, clock, server, watch } = watching({ gapPolicyOf: () => 'clear' });
    const kafka = server(KAFKA);
    const rabbit = server(RABBIT, { queue: 'q' });
    for (const state of ['connected', 'rebalancing', 'connected']) kafka.next(state);
    for (const state of ['connected', 'blocked', 'unblocked']) rabbit.next(state);
    await clock.advance(1_000);
    expect(mended).toEqual([]);
    expect(watch.statuses().map(({ gaps }) => gaps)).toEqual([0, 0]);
  });

  it('is no concern any more once the application ends', async () => {
    const { clock, mended, server, watch } = watching();
    const nats = server(NATS);
    for (const state of ['connected', 'disconnected', 'connected']) nats.next(state);
    watch.close();
    await clock.advance(1_000);
    expect(mended).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a process that begins to listen, over a store that is older than it', () => {
  function fleet() {
    const clock = new TestClock();
    const marks = new TimedMarks(clock);
    const process = () => watching({ presence: new Presence(new Once(clock, marks), clock) }, clock);
    return { clock, process };
  }

  it('has everything expire when nobody was listening', async () => {
    const { clock, process } = fleet();
    const { server, mended } = process();
    server(NATS).next('connected');
    await clock.advance(600);
    expect(mended).toEqual(['expire']);
  });

  it('leaves everything as it is beside one that is listening', async () => {
    const { clock, process } = fleet();
    process().server(NATS).next('connected');
    await clock.advance(60_000);
    const { server, mended } = process();
    server(NATS).next('connected');
    await clock.advance(20_000);
    expect(mended).toEqual([]);
  });

  it('isn’t deceived by one that has just died', async () => {
    const { clock, process } = fleet();
    const dead = process();
    dead.server(NATS).next('connected');
    await clock.advance(60_000);
    dead.watch.close();
    const { server, mended } = process();
    server(NATS).next('connected');
    await clock.advance(4_000);
    expect(mended).toEqual([]);
    await clock.advance(2_000);
    expect(mended).toEqual(['expire']);
  });

  it('isn’t deceived by another one that begins', async () => {
    const { clock, process } = fleet();
    const dead = process();
    dead.server(NATS).next('connected');
    await clock.advance(60_000);
    dead.watch.close();
    const [one, other] = [process(), process()];
    one.server(NATS).next('connected');
    other.server(NATS).next('connected');
    await clock.advance(6_000);
    expect([one.mended, other.mended]).toEqual([['expire'], ['expire']]);
  });

  it('leaves everything as it is where what was sent meanwhile is delivered', async () => {
    const { clock, process } = fleet();
    const { server, mended } = process();
    server(KAFKA).next('connected');
    await clock.advance(20_000);
    expect(mended).toEqual([]);
  });
});

describe('at the start a warning', () => {
  it('tells of processes that compete without a Redis', () => {
    const { server, warnings } = watching({ isShared: false });
    server(KAFKA);
    expect(warnings.join()).toMatch(/kafka reach one process.*give CacheModule a `redis`/);
  });

  it.each([
    ['everyone gets everything', NATS, {}, { isShared: false }],
    ['they share a Redis', KAFKA, {}, { isShared: true }],
    ['there is one process', 0, {}, { isShared: false }],
  ] as const)('tells of nothing where %s', (_what, transport, options, terms) => {
    const { server, warnings } = watching(terms);
    server(transport, options);
    expect(warnings).toEqual([]);
  });

  it('tells of a queue that wants acknowledgements', () => {
    const { server, warnings } = watching();
    server(RABBIT, { queue: 'q' }, { noAck: false });
    expect(warnings.join()).toMatch(/`acknowledge: true`/);
    const acknowledging = watching({ acknowledges: true });
    acknowledging.server(RABBIT, { queue: 'q' }, { noAck: false });
    expect(acknowledging.warnings).toEqual([]);
  });

  it('tells of a Nest that doesn’t say when a transport is away', () => {
    const { watch, warnings } = watching();
    watch.add({ transportId: NATS, options: {} });
    expect(warnings.join()).toMatch(/use Nest 11 or newer/);
  });
});
