import type { ClientProxy } from '@nestjs/microservices';
import { EMPTY, NEVER, throwError, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ClientLine, type EmissionTerms } from '../../../lib/events/emission.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

/** A client that answers as it is told, in turn; the last one again and again. */
function lineTo(...answers: (() => Observable<unknown>)[]) {
  const clock = new TestClock();
  const sent: { pattern: string; data: unknown; at: number }[] = [];
  const emit = (pattern: string, data: unknown): Observable<unknown> => {
    sent.push({ pattern, data, at: clock.monotonic() });
    return answers[Math.min(sent.length, answers.length) - 1]!();
  };
  const line = new ClientLine('EVENTS', () => ({ emit }) as unknown as ClientProxy, clock);
  return { clock, line, sent };
}

const fails = (error: unknown) => () => throwError(() => error);
const takes = () => EMPTY;
const says = () => NEVER;
const retries = (count: number): EmissionTerms => ({ timeoutMs: 1_000, goesOn: (attempts) => attempts <= count });

describe('an event that is sent over a client', () => {
  it('is emitted when the client has taken it', async () => {
    const { line, sent } = lineTo(takes);
    const payload = { tags: ['a'] };
    expect(await line.emit('cache.invalidate', payload, retries(2))).toEqual({
      client: 'EVENTS',
      status: 'emitted',
      attempts: 1,
    });
    expect(sent).toMatchObject([{ pattern: 'cache.invalidate', data: payload }]);
    expect([line.emitted, line.failed, line.setbacks]).toEqual([1, 0, 0]);
  });

  it('is sent again, after pauses that grow, and no more often than it may', async () => {
    const { clock, line, sent } = lineTo(fails(new Error('no broker')));
    const emission = line.emit('p', {}, retries(3));
    await clock.advance(60_000);
    expect(await emission).toEqual({ client: 'EVENTS', status: 'failed', attempts: 4, error: 'no broker' });
    const pauses = sent.slice(1).map(({ at }, index) => at - sent[index]!.at);
    expect(pauses).toHaveLength(3);
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(50 * 2 ** index);
      expect(pause).toBeLessThanOrEqual(100 * 2 ** index);
    }
    expect([line.emitted, line.failed, line.setbacks]).toEqual([0, 1, 4]);
  });

  it('is emitted when the broker is back', async () => {
    const { clock, line } = lineTo(fails('Error: Connection lost'), takes);
    const emission = line.emit('p', {}, retries(3));
    await clock.advance(1_000);
    expect(await emission).toEqual({ client: 'EVENTS', status: 'emitted', attempts: 2 });
    expect([line.emitted, line.failed, line.setbacks]).toEqual([1, 0, 1]);
  });

  it('isn’t waited for longer than one attempt may take', async () => {
    const { clock, line } = lineTo(says);
    const emission = line.emit('p', {}, retries(0));
    await clock.advance(1_000);
    expect(await emission).toEqual({
      client: 'EVENTS',
      status: 'timeout',
      attempts: 1,
      error: 'no answer within 1000 ms',
    });
  });

  it.each([
    ['a text', 'Error: Connection lost', 'Error: Connection lost'],
    [
      'what RabbitMQ’s client rejects with',
      { err: new Error('ECONNREFUSED'), url: 'amqp://u:secret@h' },
      'ECONNREFUSED',
    ],
    ['an object with a message', { message: 'no' }, 'no'],
    ['nothing', undefined, 'an error without a message'],
  ])('says what went wrong, were it %s', async (_what, error, text) => {
    const { line } = lineTo(fails(error));
    const result = await line.emit('p', {}, retries(0));
    expect(result.error).toBe(text);
  });

  it('fails when there is no such client', async () => {
    const missing = (): ClientProxy => {
      throw new Error('nobody provides EVENTS');
    };
    const line = new ClientLine('EVENTS', missing, new TestClock());
    expect(await line.emit('p', {}, retries(0))).toMatchObject({ status: 'failed', error: 'nobody provides EVENTS' });
  });

  it('has one more attempt when the application ends', async () => {
    const { clock, line, sent } = lineTo(fails(new Error('no broker')));
    const emission = line.emit('p', {}, retries(1_000));
    await clock.advance(1);
    line.close();
    expect(await emission).toMatchObject({ status: 'failed', attempts: 2 });
    expect(sent).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });
});
