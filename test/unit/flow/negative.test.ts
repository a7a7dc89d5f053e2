import { HttpException, NotFoundException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { engine, settle, twoTierEngine } from '../../support/engine.js';

describe('the answer that there is nothing', () => {
  it.each([null, undefined])('is kept like any other value: %s', async (nothing) => {
    const { cache, count, clock } = engine({ ttl: '1m' });
    expect(await cache.getOrLoad<unknown>('users', '1', () => nothing)).toBe(nothing);
    expect(await cache.getOrLoad<unknown>('users', '1', () => 'loaded again')).toBe(nothing);
    expect(count().outcomes).toMatchObject({ loaded: 1, l1: 1 });
    await clock.advance(60_000);
    expect(await cache.getOrLoad<unknown>('users', '1', () => 'later')).toBe('later');
  });

  it.each([null, undefined])('has a ttl of its own where one is given: %s', async (nothing) => {
    const { cache, clock } = engine({ ttl: '1h', negative: { ttl: '5s' } });
    await cache.getOrLoad<unknown>('users', '1', () => nothing);
    await cache.getOrLoad<unknown>('users', '2', () => 'something');
    await clock.advance(5_000);
    expect(await cache.getOrLoad<unknown>('users', '1', () => 'new')).toBe('new');
    expect(await cache.getOrLoad<unknown>('users', '2', () => 'new')).toBe('something');
  });

  it.each([null, undefined])('isn’t kept with `missing: false`: %s', async (nothing) => {
    const { cache, count } = engine({ negative: { missing: false } });
    await cache.getOrLoad<unknown>('users', '1', () => nothing);
    expect(await cache.getOrLoad<unknown>('users', '1', () => 'new')).toBe('new');
    expect(count().notStored).toEqual({ negative: 1 });
  });

  it('isn’t mistaken for values that are merely falsy', async () => {
    const { cache } = engine({ negative: { missing: false } });
    for (const value of [0, '', false, Number.NaN]) {
      await cache.getOrLoad<unknown>('users', String(value), () => value);
      expect(await cache.getOrLoad<unknown>('users', String(value), () => 'new')).toBe(value);
    }
  });

  it('can be written as well', async () => {
    const { cache, clock } = engine({ negative: { ttl: '5s' } });
    await cache.put('users', '1', () => null);
    await cache.set('users', '2', null);
    expect(await cache.getMany('users', ['1', '2'])).toEqual([null, null]);
    await clock.advance(5_000);
    expect(await cache.getMany('users', ['1', '2'])).toEqual([undefined, undefined]);
  });
});

describe('errors that are answers', () => {
  const missing = (): Promise<string> => Promise.reject(new NotFoundException({ reason: 'no user 7' }, 'nobody'));

  it('are kept by class, with the ttl of negative answers', async () => {
    const { cache, clock, count } = engine({ negative: { ttl: '5s', errors: [NotFoundException] } });
    for (let time = 0; time < 3; time++) {
      await expect(cache.getOrLoad('users', '7', missing)).rejects.toBeInstanceOf(NotFoundException);
    }
    expect(count()).toMatchObject({ loads: 1, loadErrors: 1, outcomes: { loaded: 1, l1: 2, error: 0 } });
    await clock.advance(5_000);
    expect(await cache.getOrLoad('users', '7', () => 'there now')).toBe('there now');
  });

  it('are kept by predicate', async () => {
    const { cache, count } = engine({
      negative: { errors: (error) => error instanceof HttpException && error.getStatus() === 404 },
    });
    await expect(cache.getOrLoad('users', '7', missing)).rejects.toThrow('Not Found Exception');
    await expect(cache.getOrLoad('users', '7', missing)).rejects.toThrow('Not Found Exception');
    const forbidden = (): Promise<string> => Promise.reject(new HttpException('no', 403));
    await expect(cache.getOrLoad('users', '8', forbidden)).rejects.toThrow('no');
    await expect(cache.getOrLoad('users', '8', forbidden)).rejects.toThrow('no');
    expect(count().loads).toBe(3);
  });

  it('come back with class, status, body and message, from memory and from the shared tier', async () => {
    const { cache, engine: made } = twoTierEngine({ negative: { errors: [HttpException] } });
    for (let round = 0; round < 3; round++) {
      const error = await cache.getOrLoad('users', '7', missing).catch((reason: unknown) => reason as HttpException);
      expect(error).toBeInstanceOf(NotFoundException);
      expect(error).toMatchObject({ message: 'Not Found Exception', name: 'NotFoundException' });
      expect((error as HttpException).getStatus()).toBe(404);
      expect((error as HttpException).getResponse()).toEqual({ reason: 'no user 7' });
      await settle();
      if (round === 1) made.desks.get('users')!.region.memory.clear();
    }
  });

  it('are not kept unless they are chosen', async () => {
    const { cache, count } = engine();
    for (let time = 0; time < 2; time++)
      await expect(cache.getOrLoad('users', '7', missing)).rejects.toThrow('Not Found Exception');
    expect(count()).toMatchObject({ loads: 2, entries: 0 });
  });

  it('can be invalidated like values, by tags given beforehand', async () => {
    const { cache } = engine({ negative: { errors: [NotFoundException] } });
    await expect(cache.getOrLoad('users', '7', missing, { tags: ['t'] })).rejects.toThrow('Not Found Exception');
    await cache.invalidate({ tags: ['t'] });
    expect(await cache.getOrLoad('users', '7', () => 'created')).toBe('created');
  });

  it('can’t always be kept: then the very error reaches the caller, and it is logged', async () => {
    const { cache, errors } = engine({ negative: { errors: () => true } });
    const error = Object.assign(new Error('x'), { retry: () => undefined });
    await expect(cache.getOrLoad('users', '7', () => Promise.reject(error))).rejects.toBe(error);
    expect(errors).toHaveLength(1);
    expect(cache.status().memory.entries).toBe(0);
  });

  it('stand before the old value, because they are newer', async () => {
    const { cache, clock } = engine({ ttl: '1m', grace: { error: '1h' }, negative: { errors: [NotFoundException] } });
    await cache.getOrLoad('users', '7', () => 'old');
    await clock.advance(61_000);
    await expect(cache.getOrLoad('users', '7', missing)).rejects.toBeInstanceOf(NotFoundException);
    await expect(cache.get('users', '7')).rejects.toBeInstanceOf(NotFoundException);
  });
});
