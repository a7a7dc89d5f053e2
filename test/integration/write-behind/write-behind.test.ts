import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startCacheMachine } from '../../../lib/cache.providers.js';
import type { CacheService } from '../../../lib/cache.service.js';
import type { CacheOptions, WriteBehindOptions } from '../../../lib/options/cache-options.interface.js';
import { NO_LOG } from '../../support/engine.js';
import { newNamespace, startFleet } from '../../support/machines.js';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { RejectedWritesError } from '../../../lib/write-behind/write-sink.interface.js';
import { ChoosySink, RecordingSink, type Row } from './recording-sink.js';

const LATER: WriteBehindOptions = { flushEvery: '1h' };

interface Shop {
  readonly here: CacheService;
  /** Another process of the application, where there can be one. */
  readonly there: CacheService;
}

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server?.stop());

const options = (
  writeBehind: WriteBehindOptions,
  cache: CacheOptions = {},
): { caches: Record<string, CacheOptions> } => ({
  caches: { rows: { ...cache, writeBehind }, lists: {} },
});

async function inMemory(writeBehind: WriteBehindOptions, cache?: CacheOptions): Promise<Shop> {
  const { service, problems } = await startCacheMachine(options(writeBehind, cache), NO_LOG);
  problems.throwIfAny();
  onTestFinished(async () => service.close());
  return { here: service, there: service };
}

async function inRedis(writeBehind: WriteBehindOptions, cache?: CacheOptions): Promise<Shop> {
  const [here, there] = await startFleet(server, 2, { namespace: newNamespace(), ...options(writeBehind, cache) });
  return { here: here!.cache, there: there!.cache };
}

const row = (id: string, n: number): Row => ({ id, n });

describe.each([
  ['in this process', inMemory],
  ['in Redis', inRedis],
] as const)('a cache that is written behind, %s', (_where, open) => {
  it('answers everybody with what was written, before the sink has it', async () => {
    const { here, there } = await open(LATER);
    const sink = new RecordingSink();
    here.useSink('rows', sink);
    const load = async (): Promise<Row> => row('7', 0);
    expect(await there.getOrLoad('rows', '7', load)).toEqual(row('7', 0));

    const receipt = await here.writeBehind('rows', '7', row('7', 1));

    expect(receipt.status).toBe('queued');
    expect(await here.getOrLoad('rows', '7', load)).toEqual(row('7', 1));
    await eventually('the other process knows', async () => {
      return (await there.getOrLoad<Row>('rows', '7', load)).n === 1;
    });
    expect(sink.written).toBe(0);
  });

  it('gives a load what waits rather than what the origin has, whatever becomes of the entry', async () => {
    const { here, there } = await open(LATER);
    await here.writeBehind('rows', '7', row('7', 1));
    let loads = 0;
    const load = async (): Promise<Row> => {
      loads++;
      return row('7', 0);
    };
    await here.evict('rows', '7');
    await there.clear();

    expect(await there.getOrLoad('rows', '7', load, { consistency: 'strong' })).toEqual(row('7', 1));
    expect(await here.getOrLoad('rows', '7', load, { consistency: 'strong' })).toEqual(row('7', 1));
    expect(await here.getOrLoadMany('rows', ['7', '8'], async (ids) => ids.map((id) => row(id, 5)))).toEqual([
      row('7', 1),
      row('8', 5),
    ]);
    expect(loads).toBe(0);
  });

  it('takes keys of any text, and looks for as many as are asked for', async () => {
    const { here, there } = await open({ ...LATER, batch: 500, maxWaiting: 20_000 });
    const sink = new RecordingSink();
    const keys = ['', ' ', '"', '\\', '{a}', 'ä😀', 'a\n\u0000b', 'k'.repeat(3_000), '[1,2]', 'null'];
    const written = keys.filter((key) => key !== '');
    for (const key of written) await here.writeBehind('rows', key, row(key, 1));
    await here.writeBehind('rows', 7, row('7', 2));
    await here.writeBehind('rows', 8n, row('8', 2));
    const many = [...written, ...Array.from({ length: 9_000 }, (_, id) => `more ${id}`)];
    const rows = await there.getOrLoadMany<Row, string>('rows', many, async (ids) => ids.map((id) => row(id, 0)));
    expect(rows.slice(0, written.length).map((each) => each?.n)).toEqual(written.map(() => 1));
    here.useSink('rows', sink);
    await here.writeQueue('rows').flush();
    expect([...sink.rows.keys()].toSorted()).toEqual([...written, '7', '8'].toSorted());
    expect((await here.writeQueue('rows').status()).waiting).toBe(0);
  });

  it('gives the sink the newest value of each key, once, in batches', async () => {
    const { here } = await open({ ...LATER, batch: 2 });
    const sink = new RecordingSink();
    for (const id of ['1', '2', '3']) await here.writeBehind('rows', id, row(id, 1));
    await here.writeBehind('rows', '1', row('1', 2));
    here.useSink('rows', sink);

    await here.writeQueue('rows').flush();

    expect(sink.calls.map((call) => call.map(({ key, value }) => [key, value.n]))).toEqual([
      [
        ['1', 2],
        ['2', 1],
      ],
      [['3', 1]],
    ]);
    const { waiting, written, batches, deadLetters } = await here.writeQueue('rows').status();
    expect({ waiting, written, batches, deadLetters }).toEqual({ waiting: 0, written: 3, batches: 2, deadLetters: 0 });
  });

  it('writes by itself: when its time comes, and when a batch is full', async () => {
    const { here } = await open({ flushEvery: 20 });
    const sink = new RecordingSink();
    here.useSink('rows', sink);
    await here.writeBehind('rows', '1', row('1', 1));
    await eventually('its time has come', () => sink.written === 1);

    const { here: other } = await open({ ...LATER, batch: 3 });
    const full = new RecordingSink();
    other.useSink('rows', full);
    for (const id of ['1', '2']) await other.writeBehind('rows', id, row(id, 1));
    expect(full.calls).toEqual([]);
    await other.writeBehind('rows', '3', row('3', 1));
    await eventually('the batch was full', () => full.written === 3);
  });

  it('writes a key again that is written while its sink is at it, and never the older value last', async () => {
    const { here } = await open(LATER);
    const sink = new RecordingSink();
    here.useSink('rows', sink);
    await here.writeBehind('rows', '1', row('1', 1));
    sink.before = async (writes) => {
      if (writes[0]!.value.n === 1) await here.writeBehind('rows', '1', row('1', 2));
    };
    await here.writeQueue('rows').flush();

    expect(sink.calls.map(([write]) => write!.value.n)).toEqual([1, 2]);
    expect(sink.rows.get('1')).toEqual(row('1', 2));
    expect(sink.calls[1]![0]!.version).toBeGreaterThan(sink.calls[0]![0]!.version);
    expect((await here.writeQueue('rows').status()).waiting).toBe(0);
  });

  it('refuses what it has no room for, and takes a newer value of what waits', async () => {
    const { here } = await open({ ...LATER, maxWaiting: 2 });
    for (const id of ['1', '2']) await here.writeBehind('rows', id, row(id, 1));

    const refused = here.writeBehind('rows', '3', row('3', 1));
    await expect(refused).rejects.toMatchObject({ code: 'CACHE_OVERLOAD' });
    await expect(refused).rejects.toThrow(/cache rows, key 3: 2 writes wait .*maxWaiting/u);
    await here.writeBehind('rows', '2', row('2', 2));

    expect(await here.getOrLoad('rows', '3', async () => row('3', 0))).toEqual(row('3', 0));
    expect((await here.writeQueue('rows').status()).waiting).toBe(2);
  });

  it('tries again, and keeps everything, while the sink fails', async () => {
    const { here } = await open({ flushEvery: 5, maxRetryPause: 100, attempts: 2 });
    const sink = new RecordingSink();
    let isDown = true;
    sink.before = () => {
      if (isDown) throw new Error('connection refused');
    };
    here.useSink('rows', sink);
    for (let id = 1; id <= 7; id++) await here.writeBehind('rows', `${id}`, row(`${id}`, 1));
    await eventually('it was tried often', () => sink.calls.length >= 20);

    const down = await here.writeQueue('rows').status();
    expect(down).toMatchObject({ waiting: 7, deadLetters: 0, written: 0, lastError: 'connection refused' });
    isDown = false;
    await eventually('all of it is written', () => sink.written === 7);
    await eventually('and nothing waits', async () => (await here.writeQueue('rows').status()).waiting === 0);
  });

  it('makes a dead letter of what fails while others succeed, and sends it again when told to', async () => {
    const { here, there } = await open({ flushEvery: 5, maxRetryPause: 100, attempts: 3 });
    const sink = new RecordingSink();
    sink.poison.add('bad');
    here.useSink('rows', sink);
    const load = async (): Promise<Row> => row('bad', 0);
    await here.writeBehind('rows', 'bad', row('bad', 1), { tags: ['bad-rows'], invalidates: ['list'] });
    let others = 0;
    await eventually('it is given up', async () => {
      others++;
      await here.writeBehind('rows', `good ${others}`, row('good', others));
      return (await here.writeQueue('rows').status()).deadLetters === 1;
    });

    const [letter] = await there.writeQueue<Row>('rows').deadLetters();
    expect(letter).toMatchObject({ key: 'bad', value: row('bad', 1), readable: true });
    expect(letter!.reason).toBe('row bad violates a constraint');
    expect(letter!.attempts).toBeGreaterThanOrEqual(3);
    // readers see what the origin has
    expect(await there.getOrLoad('rows', 'bad', load, { consistency: 'strong' })).toEqual(row('bad', 0));

    sink.poison.clear();
    expect(await there.writeQueue('rows').resend([letter!.id])).toBe(1);
    await eventually('the sink has it', () => sink.rows.get('bad')?.n === 1);
    expect(await there.writeQueue('rows').deadLetters()).toEqual([]);
    expect(await there.getOrLoad('rows', 'bad', load, { consistency: 'strong' })).toEqual(row('bad', 1));
  });

  it('takes a sink at its word about what it rejects', async () => {
    const { here } = await open({ ...LATER, batch: 10 });
    const sink = new ChoosySink();
    sink.poison.add('2');
    here.useSink('rows', sink);
    for (const id of ['1', '2', '3']) await here.writeBehind('rows', id, row(id, 1));
    await here.writeQueue('rows').flush();

    expect([...sink.rows.keys()]).toEqual(['1', '3']);
    expect(sink.calls).toHaveLength(1);
    expect(await here.writeQueue('rows').deadLetters()).toMatchObject([{ key: '2', reason: 'no room for 2' }]);
  });

  it('keeps what a sink rejects by a name that it wasn’t given', async () => {
    const { here } = await open({ ...LATER, batch: 10 });
    const sink = new RecordingSink();
    sink.before = () => {
      // as rows of a database have their ids
      throw new RejectedWritesError(new Map<never, string>([[7 as never, 'no room']]));
    };
    here.useSink('rows', sink);
    await here.writeBehind('rows', 7, row('7', 1));

    await expect(here.writeQueue('rows').flush({ timeout: 20 })).rejects.toThrow(/rejected 7 \(number\), which/u);
    expect(await here.writeQueue('rows').status()).toMatchObject({ waiting: 1, written: 0 });
  });

  it('takes any reason for a rejection', async () => {
    const { here } = await open(LATER);
    const sink = new RecordingSink();
    sink.before = () => {
      throw new RejectedWritesError(new Map([['7', new Error('no room') as never]]));
    };
    here.useSink('rows', sink);
    await here.writeBehind('rows', '7', row('7', 1));
    await here.writeQueue('rows').flush({ timeout: 500 });
    expect(await here.writeQueue('rows').deadLetters()).toMatchObject([{ key: '7', reason: 'no room' }]);
  });

  it('never sends a dead letter over what was written since', async () => {
    const { here } = await open(LATER);
    const sink = new ChoosySink();
    sink.poison.add('1').add('2');
    here.useSink('rows', sink);
    for (const id of ['1', '2']) await here.writeBehind('rows', id, row(id, 1));
    await here.writeQueue('rows').flush();
    const letters = await here.writeQueue('rows').deadLetters();
    expect(letters.map(({ key }) => key)).toEqual(['1', '2']);

    sink.poison.clear();
    await here.writeBehind('rows', '1', row('1', 2));
    await here.writeQueue('rows').flush();
    expect((await here.writeQueue('rows').deadLetters()).map(({ key }) => key)).toEqual(['2']);
    expect(await here.writeQueue('rows').resend([letters[0]!.id])).toBe(0);
    await here.writeQueue('rows').flush();
    expect(sink.rows.get('1')).toEqual(row('1', 2));

    expect(await here.writeQueue('rows').discard([letters[1]!.id, letters[1]!.id])).toBe(1);
    expect(await here.writeQueue('rows').deadLetters()).toEqual([]);
  });

  it('makes what is computed from the database stale once the database has it', async () => {
    const { here } = await open(LATER);
    const sink = new RecordingSink();
    here.useSink('rows', sink);
    const load = (): Promise<number> => Promise.resolve(sink.written);
    const list = (): Promise<number> => here.getOrLoad('lists', 'all', load, { tags: ['rows'] });
    expect(await list()).toBe(0);

    await here.writeBehind('rows', '1', row('1', 1), { invalidates: ['rows'] });
    expect(await list()).toBe(0);
    await here.writeQueue('rows').flush();
    await eventually('the list is new', async () => (await list()) === 1);
  });

  it('writes what waits before it ends', async () => {
    const { here } = await open(LATER);
    const sink = new RecordingSink();
    here.useSink('rows', sink);
    await here.writeBehind('rows', '1', row('1', 1));
    await here.close();
    expect(sink.written).toBe(1);
  });

  it('says what is wrong with what it is asked', async () => {
    const { here } = await open(LATER);
    await expect(here.writeBehind('lists', '1', 1)).rejects.toThrow(/cache 'lists': isn't written behind; say caches/u);
    expect(() => here.useSink('rows', {} as never)).toThrow(/needs a method `write/u);
    here.useSink('rows', new RecordingSink());
    expect(() => here.useSink('rows', new RecordingSink())).toThrow(/there is one already/u);
    await expect(here.writeBehind('rows', '1', () => 1)).rejects.toMatchObject({ code: 'CACHE_SERIALIZATION' });
    await expect(here.afterCommit(() => here.writeBehind('rows', '1', row('1', 1)))).rejects.toThrow(
      /no part of a transaction; call it after the commit/u,
    );
    await expect(here.writeQueue('rows').flush({ timeout: 'soon' as never })).rejects.toThrow(/takes a duration/u);
    expect((await here.writeQueue('rows').status()).waiting).toBe(0);
  });

  it('ends a flush that takes too long with what the sink says', async () => {
    const { here } = await open(LATER);
    const sink = new RecordingSink();
    sink.before = () => {
      throw new Error('connection refused');
    };
    here.useSink('rows', sink);
    await here.writeBehind('rows', '1', row('1', 1));
    await expect(here.writeQueue('rows').flush({ timeout: 200 })).rejects.toMatchObject({
      code: 'CACHE_WRITE',
      message: 'cache rows: 1 writes still wait: connection refused',
    });
  });
});

describe('the version of a write', () => {
  it('is greater than those of the process that was there before, without Redis as well', async () => {
    const write = async (): Promise<number> => {
      const { here } = await inMemory(LATER);
      await here.invalidate({ tags: ['something'] });
      const { version } = await here.writeBehind('rows', '1', row('1', 1));
      await here.close();
      return version;
    };
    const before = await write();
    await new Promise((resolve) => setTimeout(resolve, 2));
    expect(await write()).toBeGreaterThan(before);
  });
});

describe('a queue in this process that has ended', () => {
  it('takes nothing more, which nobody would write', async () => {
    const { here } = await inMemory(LATER);
    here.useSink('rows', new RecordingSink());
    await here.close();
    await expect(here.writeBehind('rows', '1', row('1', 1))).rejects.toMatchObject({ code: 'CACHE_WRITE' });
  });

  it('leaves what is computed from the database stale whatever surrounds a flush', async () => {
    const { here } = await inMemory(LATER);
    const sink = new RecordingSink();
    here.useSink('rows', sink);
    const list = (): Promise<number> =>
      here.getOrLoad('lists', 'all', () => Promise.resolve(sink.written), { tags: ['rows'] });
    await list();
    await here.writeBehind('rows', '1', row('1', 1), { invalidates: ['rows'] });
    const rolledBack = here.afterCommit(async () => {
      await here.writeQueue('rows').flush();
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    await eventually('the list is new', async () => (await list()) === 1);
  });
});
