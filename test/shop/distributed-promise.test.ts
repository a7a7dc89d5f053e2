import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../../sample-app/src/command-line.js';
import { excuseOf, isBroken, type DistributedOutage } from '../../sample-app/src/distributed/distributed-promise.js';
import { Witness, type LateRead } from '../../sample-app/src/driver/witness.js';

const read = (subject: string, writtenAt: number, begunAt: number): LateRead => ({
  subject,
  acknowledged: 2,
  answered: 1,
  ownWrite: false,
  writtenAt,
  begunAt,
  endedAt: begunAt + 10,
});
const outage = (whom: DistributedOutage['whom'], hadOthers = false): DistributedOutage => ({
  whom,
  what: 'killed',
  hadOthers,
  beganAt: 10_000,
  endedAt: 12_000,
  overAt: 13_000,
  sentAt: 20_000,
});

describe('what the gateway may show after a write at a service', () => {
  it('the old value for a second, and no longer', () => {
    expect(isBroken(read('price 7', 0, 1_000), [])).toBe(false);
    expect(isBroken(read('price 7', 0, 1_001), [])).toBe(true);
  });

  it.each([
    ['until a moment after the gateway listens again', 10_500, 14_500, false],
    ['also what was sent just before', 9_000, 14_500, false],
    ['but not what was sent well before', 8_999, 14_500, true],
    ['nor for longer', 10_500, 14_501, true],
    ['nor what was written afterwards', 13_001, 14_400, true],
  ])('while there is no broker: %s', (_what, writtenAt, begunAt, broken) => {
    expect(isBroken(read('price 7', writtenAt, begunAt), [outage('broker')])).toBe(broken);
  });

  it('while the gateway itself is away: until it has asked whether anybody listened', () => {
    expect(isBroken(read('stock 1', 9_900, 19_500), [outage('gateway')])).toBe(false);
    expect(isBroken(read('stock 1', 9_900, 19_501), [outage('gateway')])).toBe(true);
  });

  it('of the last words of a service that was killed: until the ttl is over, and nothing of another one', () => {
    expect(excuseOf(read('price 7', 9_900, 60_000), [outage('catalogue', true)])).toBe('last words');
    expect(excuseOf(read('price 7', 9_899, 60_000), [outage('catalogue', true)])).toBeUndefined();
    expect(excuseOf(read('stock 7', 9_900, 60_000), [outage('catalogue', true)])).toBeUndefined();
  });

  it.each(['billing', 'broker'] as const)(
    'of an outbox, once %s is back: until it is sent, and not for the ttl',
    (whom) => {
      expect(isBroken(read('statement 3', 19_900, 21_000), [outage(whom)])).toBe(false);
      expect(isBroken(read('statement 3', 19_900, 21_001), [outage(whom)])).toBe(true);
      expect(isBroken(read('statement 3', 20_001, 21_002), [outage(whom)])).toBe(true);
    },
  );
});

describe('the witness of a gateway that changes nothing itself', () => {
  it('takes no write for one through the process that was asked', () => {
    const witness = new Witness();
    witness.written([['price 7', 2]], -1);
    witness.check(witness.now(), [['price 7', 1]]);

    expect(witness.lateReads).toMatchObject([{ ownWrite: false }]);
  });
});

describe('the command line of several services', () => {
  it('leaves the broker to what there is unless it is told one', () => {
    expect(readCommandLine(['--distributed'])).toMatchObject({ distributed: true, broker: undefined, mute: false });
    expect(readCommandLine(['--distributed', '--broker', 'mqtt'])).toMatchObject({ broker: 'mqtt' });
  });

  it.each([
    [['--distributed', '--broker', 'zeromq'], /--broker takes nats, redis, rabbitmq, mqtt, kafka, not "zeromq"/],
    [['--distributed', '--broker-url', 'nats://there'], /--broker-url takes --broker as well/],
    [['--distributed', '--redis'], /not both/],
  ])('refuses %j', (args, message) => {
    expect(() => readCommandLine(args)).toThrow(message);
  });
});
