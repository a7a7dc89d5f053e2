import { describe, expect, it } from 'vitest';
import { Flight, SingleFlight } from '../../../lib/coalescing/single-flight.js';

const flights = (): SingleFlight<string, Flight<string>> => new SingleFlight(() => new Flight<string>());

describe('SingleFlight', () => {
  it('lets later callers find the flight of a key until it lands', async () => {
    const all = flights();
    const flight = all.open('a');

    expect(all.get('a')).toBe(flight);
    expect(all.get('b')).toBeUndefined();

    all.land('a', flight, 'value');
    expect(all.get('a')).toBeUndefined();
    expect(all.size).toBe(0);
    await expect(flight.promise).resolves.toBe('value');
  });

  it('is rid of a flight the moment it fails', async () => {
    const all = flights();
    const flight = all.open('a');

    all.fail('a', flight, new Error('down'));

    expect(all.size).toBe(0);
    await expect(flight.promise).rejects.toThrow('down');
  });

  it('lets callers find the newest flight of a key, and an older one land without touching it', async () => {
    const all = flights();
    const older = all.open('a');
    const newer = all.open('a');

    all.land('a', older, 'old');

    expect(all.get('a')).toBe(newer);
    expect(all.values()).toEqual([newer]);
    await expect(older.promise).resolves.toBe('old');
  });

  it('doesn’t list a flight that is nobody’s business', () => {
    const all = flights();
    const flight = all.unlisted();

    all.land('a', flight, 'value');

    expect(all.size).toBe(0);
    expect(flight.settled).toBe(true);
  });

  it('takes the first end of a flight for its end', async () => {
    const all = flights();
    const flight = all.open('a');

    all.land('a', flight, 'first');
    all.land('a', flight, 'second');
    all.fail('a', flight, new Error('third'));

    await expect(flight.promise).resolves.toBe('first');
  });
});

describe('a flight', () => {
  it('that fails and nobody waits for is no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): unknown => unhandled.push(reason);
    process.on('unhandledRejection', note);

    new Flight<string>().reject(new Error('nobody cares'));
    await new Promise((resolve) => setImmediate(resolve));

    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('needs itself, and those it waits for at the end of whatever chain', () => {
    const [a, b, c, d] = [new Flight(), new Flight(), new Flight(), new Flight()];
    a.beginWaitingFor(b);
    b.beginWaitingFor(c);

    expect([a.needs(a), a.needs(b), a.needs(c), a.needs(d)]).toEqual([true, true, true, false]);
    expect([c.needs(a), d.needs(a)]).toEqual([false, false]);
  });

  it('finds its needs where chains meet, and through a circle of others', () => {
    const [a, b, c, d, e] = Array.from({ length: 5 }, () => new Flight()) as [
      Flight<unknown>,
      Flight<unknown>,
      Flight<unknown>,
      Flight<unknown>,
      Flight<unknown>,
    ];
    a.beginWaitingFor(b);
    a.beginWaitingFor(c);
    b.beginWaitingFor(d);
    c.beginWaitingFor(d);
    d.beginWaitingFor(b);

    expect(a.needs(d)).toBe(true);
    expect(a.needs(e)).toBe(false);
  });

  it('finds its needs at the end of a long chain', () => {
    const chain = Array.from({ length: 50_000 }, () => new Flight());
    for (let link = 1; link < chain.length; link++) chain[link - 1]!.beginWaitingFor(chain[link]!);

    expect(chain[0]!.needs(chain.at(-1)!)).toBe(true);
  });
});
