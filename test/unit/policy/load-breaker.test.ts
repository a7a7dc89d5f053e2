import { describe, expect, it } from 'vitest';
import { LoadBreaker, type LoadBreakerOptions, type LoadVerdict } from '../../../lib/policy/load-breaker.js';

const OPTIONS: LoadBreakerOptions = {
  failureRate: 0.5,
  minimumLoads: 4,
  windowMs: 1_000,
  slowLoadMs: 0,
  slowRate: 0.5,
  openForMs: 500,
  probes: 2,
};

/** A breaker, and loads that begin and end at once. */
function bench(options: Partial<LoadBreakerOptions> = {}) {
  const states: string[] = [];
  const breaker = new LoadBreaker({ ...OPTIONS, ...options }, (state) => states.push(state));
  const load = (verdict: LoadVerdict, now: number): boolean => {
    const ticket = breaker.begin(now);
    if (ticket !== undefined) breaker.settle(ticket, verdict, now);
    return ticket !== undefined;
  };
  const loads = (verdicts: readonly LoadVerdict[], now = 0): void => verdicts.forEach((verdict) => load(verdict, now));
  return { breaker, states, load, loads };
}

describe('the breaker around a loader', () => {
  it('opens at the failure rate, and not before the minimum of loads', () => {
    const { breaker, load, loads } = bench();
    loads(['failed', 'failed', 'failed']);
    expect(breaker.state(0)).toBe('closed');
    load('good', 0);
    expect(breaker.state(0)).toBe('open');
    expect(breaker.admits(0)).toBe(false);
  });

  it('stays closed below the rate, however many loads fail', () => {
    const { breaker, load } = bench({ minimumLoads: 10 });
    for (let at = 0; at < 5_000; at += 10) load(at % 30 === 0 ? 'failed' : 'good', at);
    expect(breaker.state(5_000)).toBe('closed');
  });

  it('forgets what is older than the window', () => {
    const { breaker, loads } = bench();
    loads(['failed', 'failed', 'failed'], 0);
    loads(['failed', 'good', 'good'], 1_000);
    expect(breaker.state(1_000)).toBe('closed');
    loads(['failed'], 1_999);
    expect(breaker.state(1_999)).toBe('open');
  });

  it('remembers what isn’t', () => {
    const { breaker, loads } = bench();
    loads(['failed', 'failed', 'failed'], 0);
    loads(['failed'], 899);
    expect(breaker.state(899)).toBe('open');
  });

  it('doesn’t count what says nothing of the origin', () => {
    const { breaker, loads } = bench();
    loads(Array.from({ length: 50 }, () => 'ignored'));
    loads(['failed', 'failed', 'failed']);
    expect(breaker.state(0)).toBe('closed');
  });

  it('lets nothing through while it is open, then so many probes, and closes when all of them were good', () => {
    const { breaker, states, loads } = bench();
    loads(['failed', 'failed', 'failed', 'failed'], 100);
    expect([100, 300, 599].map((now) => [breaker.begin(now), breaker.retryAfterMs(now)])).toEqual([
      [undefined, 500],
      [undefined, 300],
      [undefined, 1],
    ]);
    const probes = [breaker.begin(600), breaker.begin(600)];
    expect(breaker.begin(600)).toBeUndefined();
    breaker.settle(probes[0]!, 'good', 610);
    expect(breaker.state(610)).toBe('half-open');
    breaker.settle(probes[1]!, 'good', 620);
    expect([breaker.state(620), breaker.admits(620)]).toEqual(['closed', true]);
    expect(states).toEqual(['open', 'half-open', 'closed']);
  });

  it('opens again at the first probe that fails, for as long as before', () => {
    const { breaker, loads } = bench();
    loads(['failed', 'failed', 'failed', 'failed']);
    const probes = [breaker.begin(500), breaker.begin(500)];
    breaker.settle(probes[0]!, 'failed', 510);
    breaker.settle(probes[1]!, 'good', 520);
    expect([breaker.admits(1_009), breaker.admits(1_010)]).toEqual([false, true]);
  });

  it('gives the place of a probe that says nothing to another', () => {
    const { breaker, loads } = bench();
    loads(['failed', 'failed', 'failed', 'failed']);
    for (let probe = 0; probe < 10; probe++) breaker.settle(breaker.begin(500)!, 'ignored', 500);
    expect(breaker.admits(500)).toBe(true);
  });

  it('begins with an empty window when it closes', () => {
    const { breaker, loads } = bench();
    loads(['failed', 'failed', 'failed', 'failed']);
    loads(['good', 'good'], 500);
    loads(['failed', 'failed', 'failed'], 501);
    expect(breaker.state(501)).toBe('closed');
  });

  it('hears nothing from loads that began before it opened', () => {
    const { breaker, loads } = bench();
    const late = Array.from({ length: 4 }, () => breaker.begin(0)!);
    loads(['failed', 'failed', 'failed', 'failed']);
    const probe = breaker.begin(500)!;
    breaker.settle(late[0]!, 'failed', 501);
    breaker.settle(late[1]!, 'good', 501);
    expect(breaker.state(501)).toBe('half-open');
    breaker.settle(probe, 'good', 502);
    breaker.settle(breaker.begin(502)!, 'good', 503);
    for (const ticket of late.slice(2)) breaker.settle(ticket, 'failed', 504);
    expect(breaker.state(504)).toBe('closed');
  });

  it('probes anew when its probes never end', () => {
    const { breaker, loads } = bench();
    loads(['failed', 'failed', 'failed', 'failed']);
    expect([breaker.begin(500), breaker.begin(500), breaker.begin(999)].map((ticket) => ticket !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
    expect(breaker.admits(1_000)).toBe(true);
    loads(['good', 'good'], 1_000);
    expect(breaker.state(1_000)).toBe('closed');
  });
});

describe('slow loads', () => {
  const SLOW = { slowLoadMs: 100 };

  it('open it like failing ones, by their own rate', () => {
    const { breaker } = bench(SLOW);
    const tickets = Array.from({ length: 4 }, () => breaker.begin(0)!);
    breaker.settle(tickets[0]!, 'good', 99);
    breaker.settle(tickets[1]!, 'good', 99);
    breaker.settle(tickets[2]!, 'good', 100);
    expect(breaker.state(100)).toBe('open');
  });

  it('count as soon as they are slow, and need no end', () => {
    const { breaker } = bench(SLOW);
    for (let load = 0; load < 4; load++) breaker.begin(0);
    expect([breaker.state(99), breaker.state(100)]).toEqual(['closed', 'open']);
  });

  it('count once', () => {
    const { breaker, loads } = bench({ ...SLOW, slowRate: 1, minimumLoads: 3 });
    const slow = breaker.begin(0)!;
    breaker.settle(slow, 'good', 150);
    loads(['good'], 150);
    expect(breaker.state(150)).toBe('closed');
    const others = [breaker.begin(150)!, breaker.begin(150)!];
    for (const ticket of others) breaker.settle(ticket, 'good', 260);
    expect(breaker.state(260)).toBe('closed');
  });

  it('that fail count as failed too', () => {
    const { breaker } = bench({ ...SLOW, slowRate: 1, minimumLoads: 2 });
    const [slow, quick] = [breaker.begin(0)!, breaker.begin(0)!];
    breaker.settle(quick, 'good', 1);
    breaker.settle(slow, 'failed', 200);
    expect(breaker.state(200)).toBe('open');
  });

  it('don’t close it as probes', () => {
    const { breaker, loads } = bench(SLOW);
    loads(['failed', 'failed', 'failed', 'failed']);
    const probe = breaker.begin(500)!;
    breaker.settle(probe, 'good', 600);
    expect(breaker.admits(600)).toBe(false);
  });
});
