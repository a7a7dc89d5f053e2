import { beforeEach, describe, expect, it } from 'vitest';
import { GuardedCommands } from '../../../lib/redis/guarded-commands.js';
import { RedisFault } from '../../../lib/redis/redis-fault.js';
import { appendRecord, releaseLock } from '../../../lib/redis/scripts.js';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { SimulatedRedis } from '../../simulation/redis/simulated-redis.js';
import { GatedRedis } from '../../support/gated-redis.js';

const DEADLINE_MS = 100;
const PROBE_EVERY_MS = 1_000;
const REFUSED = new RedisFault('refused', 'WRONGTYPE');

let clock: TestClock;
let redis: GatedRedis;
let commands: GuardedCommands;
let told: [boolean, string | undefined][];

beforeEach(() => {
  clock = new TestClock();
  redis = new GatedRedis(new SimulatedRedis(clock.now));
  told = [];
  commands = new GuardedCommands(
    redis,
    clock,
    { deadlineMs: DEADLINE_MS, breakerFailures: 3, probeEveryMs: PROBE_EVERY_MS },
    (reachable, fault) => told.push([reachable, fault?.message]),
  );
});

const faultOf = (promise: Promise<unknown>): Promise<RedisFault | undefined> =>
  promise.then(
    () => undefined,
    (fault: RedisFault) => fault,
  );
const probe = () => commands.run(releaseLock, ['lock'], ['token'], { probe: true });

async function open(): Promise<void> {
  redis.mode = 'fails';
  for (let failure = 0; failure < 3; failure++) await faultOf(commands.get('key'));
  redis.mode = 'answers';
  redis.sent.length = 0;
}

describe('the guarded commands', () => {
  it('pass everything on, and the answers back', async () => {
    await commands.set('key', Buffer.from('value'), 1_000);
    expect((await commands.get('key'))?.toString()).toBe('value');
    expect((await commands.getMany(['none', 'key'])).map(String)).toEqual(['undefined', 'value']);
    await commands.setMany([{ key: 'other', bytes: Buffer.from('one more'), ttlMs: 1_000 }]);
    expect(String(await commands.get('other'))).toBe('one more');
    const locks = ['a', 'b'].map((lock) => ({ lock, entry: 'other', beside: true }));
    const replies = await commands.acquireMany(locks, 'token', 1_000);
    expect(replies.map(({ acquired, found }) => [acquired, String(found)])).toEqual([
      [true, 'one more'],
      [true, 'one more'],
    ]);
    expect(await commands.runForEach(releaseLock, ['a', 'b', 'none'], ['token'])).toBe(true);
    expect(await commands.runForEach(releaseLock, ['a', 'b'], ['token'])).toBe(false);
    await commands.unlink('key');
    expect(await commands.get('key')).toBeUndefined();
    const address = { lock: 'lock', entry: 'key', beside: true };
    expect(await commands.acquire(address, 'token', 1_000)).toEqual({ acquired: true, found: undefined });
    expect(await commands.run(releaseLock, ['lock'], ['other'])).toBe(false);
    expect(await commands.run(releaseLock, ['lock'], ['token'])).toBe(true);
    const args = ['n', '["t"]', 0, 0, 10, 0] as const;
    const { result, replicas } = await commands.runReplicated(appendRecord, ['clock', 'journal'], args, 50);
    expect([result.nonce, replicas]).toEqual(['n', 1]);
    expect(await commands.readBack('journal', '9999999999999-0', 10)).toHaveLength(1);
    expect([commands.isReachable, told]).toEqual([true, []]);
  });

  it('end in time where no answer comes', async () => {
    redis.mode = 'never answers';
    const fault = faultOf(commands.get('key'));
    await clock.advance(DEADLINE_MS);
    expect(await fault).toMatchObject({ kind: 'timeout', message: `no answer from Redis within ${DEADLINE_MS} ms` });
    expect(clock.pendingTimers).toBe(0);
  });

  it('are given twice the time where a replica is waited for', async () => {
    redis.mode = 'never answers';
    let fault: RedisFault | undefined;
    const args = ['n', '["t"]', 0, 0, 10, 0] as const;
    const ended = faultOf(commands.runReplicated(appendRecord, ['c', 'j'], args, 50)).then((got) => (fault = got));
    await clock.advance(2 * DEADLINE_MS - 1);
    expect(fault).toBeUndefined();
    await clock.advance(1);
    await ended;
    expect(fault?.kind).toBe('timeout');
  });

  it.each(['deliver', 'lose'] as const)('ignore an answer that comes too late: %s', async (how) => {
    redis.mode = 'holds';
    const faults = [1, 2, 3].map(() => faultOf(commands.get('key')));
    await clock.advance(DEADLINE_MS);
    expect((await Promise.all(faults)).map((fault) => fault?.kind)).toEqual(['timeout', 'timeout', 'timeout']);
    for (const reply of redis.held) reply[how]();
    await clock.advance(0);
    expect([commands.isOpen, told.length]).toEqual([true, 1]);
  });

  it('make a fault of whatever else goes wrong', async () => {
    redis.faults.set('get', new TypeError('what is this') as unknown as RedisFault);
    expect(await faultOf(commands.get('key'))).toMatchObject({ name: 'RedisFault', kind: 'unreachable' });
  });
});

describe('while Redis is away', () => {
  it('nothing is sent, and nobody waits', async () => {
    await open();
    const answers = [
      commands.get('key'),
      commands.getMany(['key']),
      commands.set('key', Buffer.alloc(0), 1),
      commands.unlink('key'),
      commands.acquire({ lock: 'l', entry: 'e', beside: true }, 't', 1),
      commands.run(releaseLock, ['l'], ['t']),
      commands.runReplicated(releaseLock, ['l'], ['t'], 1),
      commands.readBack('journal', '1-1', 1),
    ];
    expect((await Promise.all(answers.map(faultOf))).map((fault) => fault?.kind)).toEqual(
      answers.map(() => 'unreachable'),
    );
    expect([redis.sent, clock.pendingTimers]).toEqual([[], 1]);
    await clock.advance(DEADLINE_MS);
    expect(clock.pendingTimers).toBe(0);
  });

  it('one probe an interval is sent, and the first that is answered ends it', async () => {
    await open();
    redis.mode = 'fails';
    for (let second = 0; second < 5; second++) {
      await Promise.all([faultOf(probe()), faultOf(probe())]);
      await clock.advance(PROBE_EVERY_MS / 2);
    }
    expect(redis.sent).toHaveLength(2);
    redis.mode = 'answers';
    await clock.advance(PROBE_EVERY_MS);
    await probe();
    expect([commands.isOpen, commands.isReachable]).toEqual([false, true]);
    await commands.get('key');
    expect(redis.sent).toHaveLength(4);
  });

  it('a connection that comes up is tried at once', async () => {
    await open();
    expect(await faultOf(probe())).toMatchObject({ kind: 'unreachable' });
    commands.invite();
    expect(await faultOf(commands.get('key'))).toMatchObject({ kind: 'unreachable' });
    await probe();
    expect(commands.isOpen).toBe(false);
  });

  it('is said once for each change, and why it was given up', async () => {
    for (let time = 0; time < 2; time++) {
      await open();
      await faultOf(commands.get('key'));
      commands.invite();
      await probe();
      await probe();
    }
    const away = [false, 'there is no connection'];
    const back = [true, undefined];
    expect(told).toEqual([away, back, away, back]);
  });

  it('one failure is enough to make asking look pointless, and one answer to make it worthwhile', async () => {
    redis.mode = 'fails';
    await faultOf(commands.get('key'));
    expect([commands.isReachable, commands.isOpen]).toEqual([false, false]);
    redis.mode = 'answers';
    await commands.get('key');
    expect(commands.isReachable).toBe(true);
  });
});

describe('a server that says no', () => {
  beforeEach(() => redis.faults.set('get', REFUSED));

  it('is there: no number of refusals means that it is away', async () => {
    for (let time = 0; time < 10; time++) expect(await faultOf(commands.get('key'))).toBe(REFUSED);
    expect([commands.isReachable, commands.isOpen, told]).toEqual([true, false, []]);
  });

  it('is back', async () => {
    redis.faults.clear();
    await open();
    commands.invite();
    redis.faults.set('releaseLock', REFUSED);
    expect(await faultOf(probe())).toBe(REFUSED);
    expect([commands.isOpen, told.at(-1)?.[0]]).toEqual([false, true]);
  });
});
