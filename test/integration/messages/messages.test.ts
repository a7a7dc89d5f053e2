import {
  Controller,
  Injectable,
  Module,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, type RmqContext, type RmqOptions } from '@nestjs/microservices';
import { finalize, lastValueFrom, timeout, type Observable } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Cacheable, CacheModule } from 'nestjs-hybrid-cache';
import { eventually } from '../../support/servers/eventually.js';
import { VALUES, type Answer } from './handlers.js';
import { Stage, type Manner } from './stage.js';
import { TRANSPORTS, type Broker, type TransportKind } from './transports.js';

const MANNERS: readonly Manner[] = ['pure', 'hybrid', 'disabled'];

/** Everything of a transport, started once, all at the same time. */
interface House {
  readonly broker: Broker;
  readonly stages: Readonly<Record<Manner, Stage>>;
}

async function build(kind: TransportKind): Promise<House> {
  const broker = await kind.start();
  const stages = MANNERS.map(async (manner) => {
    const name = `${manner}${process.pid}`;
    return [manner, await Stage.start(kind, manner, await broker.line(name), name)] as const;
  });
  return { broker, stages: Object.fromEntries(await Promise.all(stages)) as Record<Manner, Stage> };
}

const houses = new Map<string, Promise<House>>();
beforeAll(() => {
  for (const kind of TRANSPORTS) {
    const house = build(kind);
    house.catch(() => undefined); // its own tests say so
    houses.set(kind.name, house);
  }
});
afterAll(async () => {
  const built = await Promise.allSettled(houses.values());
  const stopped = built.map(async (house) => {
    if (house.status === 'rejected') return;
    const { stages, broker } = house.value;
    const ended = await Promise.allSettled(Object.values(stages).map(async (stage) => stage.stop()));
    await broker.stop();
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
  });
  await Promise.all(stopped);
});

let last = 0;
/** What nobody has asked for yet. */
const fresh = (): string => `q${++last}`;

describe.each(TRANSPORTS)('message handlers over $name', (kind) => {
  describe.each(['pure', 'hybrid'] as const)('in a %s application', (manner) => {
    let stage: Stage;
    beforeAll(async () => {
      stage = (await houses.get(kind.name)!).stages[manner];
    });

    it('answer an identical request from the cache', async () => {
      const id = fresh();
      expect(await stage.ask('plain', { id })).toEqual({ id, run: 1 });
      expect(await stage.ask('plain', { id })).toEqual({ id, run: 1 });
      expect(stage.log.runsOf('plain', id)).toBe(1);
      expect(stage.log.arrivalsOf(id)).toBe(2);
    });

    it('run every time without @Cacheable, whatever interceptor the application has', async () => {
      const id = fresh();
      expect(await stage.ask('uncached', { id })).toEqual({ id, run: 1 });
      expect(await stage.ask('uncached', { id })).toEqual({ id, run: 2 });
    });

    it('answer different data differently', async () => {
      const own = fresh();
      const different = [
        { id: own },
        { id: [own] },
        { id: own, more: null },
        { id: own, more: 0 },
        { id: own, more: '0' },
        { id: own, more: [[], []] },
        { id: own, more: [[[]]] },
        { [own]: 'id' },
        [own],
        [own, own],
        own,
        `"${own}"`,
      ];
      for (const data of different) {
        // one after the other: Nest's client for MQTT loses answers while it subscribes and unsubscribes at once
        const first = await stage.ask('echo', data);
        expect(first).toEqual(await stage.ask('uncached-echo', data));
        expect(await stage.ask('echo', data)).toEqual(first);
        expect(stage.log.runsOf('echo', JSON.stringify(data))).toBe(1);
      }
    });

    it('give one answer to the same data, in whatever order their fields come', async () => {
      const id = fresh();
      const first = await stage.ask('plain', { id, a: { b: 1, c: [2] }, d: null });
      expect(await stage.ask('plain', { d: null, a: { c: [2], b: 1 }, id })).toEqual(first);
      expect(await stage.ask('plain', { d: null, a: { c: [1], b: 1 }, id })).toEqual({ id, run: 2 });
    });

    it.each(Object.keys(VALUES))('keep an answer of %s', async (id) => {
      const first = await stage.valuesOf('value', { id });
      expect(first).toEqual(await stage.valuesOf('uncached-value', { id }));
      expect(await stage.valuesOf('value', { id })).toEqual(first);
      expect(stage.log.runsOf('value', id)).toBe(1);
    });

    it('replay all values of an Observable, in order', async () => {
      const id = fresh();
      const values = ['first', null, 0, { run: 1 }, 'last'].map((part) => ({ part }));
      expect(await stage.valuesOf('several', { id })).toEqual(values);
      expect(await stage.valuesOf('several', { id })).toEqual(values);
      expect(stage.log.runsOf('several', id)).toBe(1);
    });

    it('replay all values of an Observable that a promise brings', async () => {
      const id = fresh();
      expect(await stage.valuesOf('later-several', { id })).toEqual(['first', 'second', 'run 1']);
      expect(await stage.valuesOf('later-several', { id })).toEqual(['first', 'second', 'run 1']);
      expect(stage.log.runsOf('later-several', id)).toBe(1);
    });

    it('run once for a crowd', async () => {
      const id = fresh();
      const answers = await stage.crowd(20, 'crowded', { id, crowd: kind.parallel });
      expect(answers).toEqual(Array.from({ length: 20 }, () => ({ id, run: 1 })));
      expect(stage.log.runsOf('crowded', id)).toBe(1);
      expect(stage.log.arrivalsOf(id)).toBe(20);
    });

    it('pass an RpcException to everybody who waits for it, and forget it', async () => {
      const id = fresh();
      const failures = await stage.crowd(kind.parallel, 'failing', { id, crowd: kind.parallel });
      expect(failures).toEqual(Array.from({ length: kind.parallel }, () => ({ code: 'OUT_OF_STOCK', id, run: 1 })));
      expect(await stage.failureOf('failing', { id, crowd: kind.parallel })).toEqual({
        code: 'OUT_OF_STOCK',
        id,
        run: 2,
      });
    });

    it('forget an Observable that ends with an error', async () => {
      const id = fresh();
      expect(await stage.failureOf('breaking-off', { id })).toEqual({ code: 'BROKEN_OFF', run: 1 });
      expect(await stage.failureOf('breaking-off', { id })).toEqual({ code: 'BROKEN_OFF', run: 2 });
    });

    it.each(['item', 'owner'])('are asked anew when a message evicts by the tag of their %s', async (tagged) => {
      const [id, owner, other] = [fresh(), fresh(), fresh()];
      const tag = tagged === 'item' ? `item:${id}` : `owner:${owner}`;
      expect(await stage.ask('tagged', { id, owner })).toEqual({ id, owner, run: 1 });
      expect(await stage.ask('tagged', { id: other, owner: other })).toEqual({ id: other, owner: other, run: 1 });
      expect(await stage.ask('change', { tag })).toBe(`changed ${tag}`);
      expect(await stage.ask('tagged', { id, owner })).toEqual({ id, owner, run: 2 });
      expect(await stage.ask('tagged', { id: other, owner: other })).toEqual({ id: other, owner: other, run: 1 });
    });

    it('are asked anew when an event evicts', async () => {
      const [id, other] = [fresh(), fresh()];
      expect(await stage.ask('tagged', { id })).toMatchObject({ run: 1 });
      expect(await stage.ask('tagged', { id: other })).toMatchObject({ run: 1 });
      await stage.tell('changed', { tag: `item:${id}` });
      await eventually('the event has evicted', async () => {
        return (await stage.ask<Answer>('tagged', { id })).run === 2;
      });
      expect(await stage.ask('tagged', { id: other })).toMatchObject({ run: 1 });
    });

    it('have the tags of every value, and evict by the last', async () => {
      const id = fresh();
      const answer = (run: number) => ['left', 'right'].map((side) => ({ tag: `${side}:${id}`, run }));
      expect(await stage.valuesOf('tagged-several', { id })).toEqual(answer(1));
      expect(await stage.valuesOf('change-several', { tag: `left:${id}` })).toHaveLength(2);
      expect(await stage.valuesOf('tagged-several', { id })).toEqual(answer(2));
      await stage.valuesOf('change-several', { tag: `right:${id}` });
      expect(await stage.valuesOf('tagged-several', { id })).toEqual(answer(3));
      expect(await stage.valuesOf('tagged-several', { id })).toEqual(answer(3));
    });

    it('are keyed by `requestKey`, and not cached where it says so', async () => {
      const id = fresh();
      expect(await stage.ask('own-key', { id, noise: 1 })).toEqual({ id, run: 1 });
      expect(await stage.ask('own-key', { id, noise: 2 })).toEqual({ id, run: 1 });
      expect(await stage.ask('own-key', { id, isCached: false })).toEqual({ id, run: 2 });
      expect(await stage.ask('own-key', { id, isCached: false })).toEqual({ id, run: 3 });
      expect(await stage.ask('own-key', { id })).toEqual({ id, run: 1 });
      expect(await stage.ask('own-key', { id: `${id}!` })).toEqual({ id: `${id}!`, run: 1 });
    });

    it('answer each `scope` for itself, by what the transport says of the caller', async () => {
      const id = fresh();
      expect(await stage.ask('scoped', kind.signed({ id }, 'ann'))).toEqual({ id, run: 1 });
      expect(await stage.ask('scoped', kind.signed({ id }, 'bob'))).toEqual({ id, run: 2 });
      expect(await stage.ask('scoped', kind.signed({ id }, 'ann'))).toEqual({ id, run: 1 });
      expect(await stage.ask('scoped', kind.signed({ id }, 'bob'))).toEqual({ id, run: 2 });
      expect(await stage.failureOf('scoped', { id })).toMatchObject({ status: 'error' });
      expect(stage.log.runsOf('scoped', id)).toBe(2);
    });

    it('never share between two patterns of one handler', async () => {
      const id = fresh();
      expect(await stage.ask('one', { id })).toEqual({ id, run: 1 });
      expect(await stage.ask('other', { id })).toEqual({ id, run: 2 });
      expect(await stage.ask('one', { id })).toEqual({ id, run: 1 });
      expect(await stage.ask('other', { id })).toEqual({ id, run: 2 });
    });

    if (kind.wildcard !== undefined) {
      it('never share between what a wildcard stands for', async () => {
        const id = fresh();
        expect(await stage.ask('rooms kitchen state', { id })).toEqual({ id, run: 1 });
        expect(await stage.ask('rooms hall state', { id })).toEqual({ id, run: 2 });
        expect(await stage.ask('rooms kitchen state', { id })).toEqual({ id, run: 1 });
        expect(await stage.ask('rooms hall state', { id })).toEqual({ id, run: 2 });
      });
    }

    it('answer data without a stable form, and keep nothing', async () => {
      const id = fresh();
      let deep: unknown[] = [];
      for (let level = 0; level < 300; level++) deep = [deep];
      expect(await stage.ask('plain', { id, deep })).toEqual({ id, run: 1 });
      expect(await stage.ask('plain', { id, deep })).toEqual({ id, run: 2 });
      expect(await stage.ask('plain', { id, deep: [] })).toEqual({ id, run: 3 });
      expect(await stage.ask('plain', { id, deep: [] })).toEqual({ id, run: 3 });
    });

    it('keep nothing of what `unless` says', async () => {
      const id = fresh();
      expect(await stage.ask('unless', { id, owner: 'nobody' })).toEqual({ id, run: 1 });
      expect(await stage.ask('unless', { id, owner: 'nobody' })).toEqual({ id, run: 2 });
      expect(await stage.ask('unless', { id, owner: 'ann' })).toEqual({ id, run: 3 });
      expect(await stage.ask('unless', { id, owner: 'ann' })).toEqual({ id, run: 3 });
    });
  });

  it('share the tags of the pages of a hybrid application, both ways', async () => {
    const stage = (await houses.get(kind.name)!).stages.hybrid;
    const id = fresh();
    const page = async (method: string): Promise<unknown> => {
      const response = await fetch(`${stage.url}/items/${id}`, { method });
      return method === 'GET' ? response.json() : response.text();
    };
    expect(await page('GET')).toEqual({ id, run: 1 });
    expect(await page('GET')).toEqual({ id, run: 1 });
    await stage.ask('change', { tag: `item:${id}` });
    expect(await page('GET')).toEqual({ id, run: 2 });
    expect(await stage.ask('tagged', { id })).toMatchObject({ run: 1 });
    expect(await page('POST')).toBe(`changed ${id}`);
    expect(await stage.ask('tagged', { id })).toMatchObject({ run: 2 });
    expect(await page('GET')).toEqual({ id, run: 3 });
  });

  it('run every time when the module is disabled, and evictions do nothing', async () => {
    const stage = (await houses.get(kind.name)!).stages.disabled;
    const id = fresh();
    expect(await stage.ask('tagged', { id })).toMatchObject({ run: 1 });
    expect(await stage.ask('tagged', { id })).toMatchObject({ run: 2 });
    expect(await stage.ask('change', { tag: `item:${id}` })).toBe(`changed item:${id}`);
    expect(await stage.ask('tagged', { id })).toMatchObject({ run: 3 });
    expect(await stage.valuesOf('several', { id })).toHaveLength(5);
    expect(await stage.valuesOf('several', { id })).toContainEqual({ part: { run: 2 } });
    expect(await stage.failureOf('breaking-off', { id })).toEqual({ code: 'BROKEN_OFF', run: 1 });
  });
});

describe('RabbitMQ with acknowledgements', () => {
  it('gets them for answers from the cache too, from an interceptor that is outside', async () => {
    const { broker } = await houses.get('RabbitMQ')!;
    let runs = 0;
    @Injectable()
    class Acknowledging implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
        const transport = context.switchToRpc().getContext<RmqContext>();
        const channel = transport.getChannelRef() as { ack(message: unknown): void };
        return next.handle().pipe(finalize(() => channel.ack(transport.getMessage())));
      }
    }
    @Controller()
    @UseInterceptors(Acknowledging)
    class Acknowledged {
      @MessagePattern('acknowledged')
      @Cacheable({ returns: 'response' })
      acknowledged(): number {
        return ++runs;
      }
    }
    class AppModule {}
    Module({ imports: [CacheModule.forRoot()], controllers: [Acknowledged] })(AppModule);
    // a queue without an exchange; the next message comes when the one before it is acknowledged
    const { server, client: toServer } = (await broker.line(`acknowledged${process.pid}`)) as {
      server: RmqOptions;
      client: RmqOptions;
    };
    const options = {
      ...server.options,
      wildcards: false,
      noAck: false,
      prefetchCount: 1,
      isGlobalPrefetchCount: true,
    };
    const app = await NestFactory.createMicroservice(AppModule, { ...server, options, logger: false });
    const client = ClientProxyFactory.create({ ...toServer, options: { ...toServer.options, wildcards: false } });
    onTestFinished(async () => {
      await client.close();
      await app.close();
    });
    await app.listen();
    const ask = async () => lastValueFrom(client.send('acknowledged', {}).pipe(timeout(10_000)));
    for (let asked = 0; asked < 5; asked++) expect(await ask()).toBe(1);
  });
});
