import { join } from 'node:path';
import { Metadata, status, type ServerReadableStream } from '@grpc/grpc-js';
import type { Long, Options } from '@grpc/proto-loader';
import {
  Controller,
  Module,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplicationContext,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  GrpcMethod,
  GrpcStreamCall,
  GrpcStreamMethod,
  MessagePattern,
  RpcException,
  Transport,
  type ClientGrpcProxy,
  type GrpcOptions,
} from '@nestjs/microservices';
import { from, lastValueFrom, map, of, reduce, timeout, toArray, type Observable } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Cacheable, CacheEvict, CacheModule, CacheTags } from 'nestjs-hybrid-cache';
import { eventually } from '../../support/servers/eventually.js';
import { freePorts } from '../../support/servers/ports.js';

interface Question {
  readonly id: string;
  readonly crowd?: number;
  readonly list?: readonly string[];
}

interface Answer {
  readonly id: string;
  readonly run: number;
  readonly owner?: string;
}

type Method = (data: object | Observable<object>, metadata?: Metadata) => Observable<unknown>;

const runs = new Map<string, number>();
const arrivals = new Map<string, number>();
const count = (counts: Map<string, number>, what: string): number => {
  const counted = (counts.get(what) ?? 0) + 1;
  counts.set(what, counted);
  return counted;
};

class Doorkeeper implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { id } = context.getArgByIndex<Partial<Question>>(0);
    if (typeof id === 'string') count(arrivals, id);
    return true;
  }
}

const crowdOf = async ({ id, crowd = 1 }: Question): Promise<unknown> =>
  eventually(`${crowd} requests arrive`, () => (arrivals.get(id) ?? 0) >= crowd, { everyMs: 1 });

const rpc = (name: string) => ({ service: 'Items', rpc: name, streaming: 'no_stream' });

@Controller()
@UseGuards(Doorkeeper)
class Items {
  @GrpcMethod('Items', 'Find')
  @Cacheable({ returns: 'response', tags: ({ id }: Question) => [`item:${id}`] })
  @CacheTags({ fromResult: ({ owner }: Answer) => [`owner:${owner}`] })
  find({ id }: Question): Answer {
    return { id, run: count(runs, id), owner: `owner of ${id}` };
  }

  @GrpcMethod('Items', 'FindNumbered')
  @Cacheable({ returns: 'response' })
  findNumbered({ number }: { number: string | Long }): Answer {
    const id = number.toString();
    return { id, run: count(runs, `number ${id}`) };
  }

  @GrpcMethod('Items', 'Crowded')
  @Cacheable()
  async crowded(question: Question): Promise<Answer> {
    const run = count(runs, question.id);
    await crowdOf(question);
    return { id: question.id, run };
  }

  @GrpcMethod('Items', 'Failing')
  @Cacheable()
  async failing(question: Question): Promise<Answer> {
    const run = count(runs, question.id);
    await crowdOf(question);
    throw new RpcException({ code: status.NOT_FOUND, message: `run ${run}` });
  }

  @GrpcMethod('Items', 'Scoped')
  @Cacheable({
    returns: 'response',
    scope: (context: ExecutionContext) => context.switchToRpc().getContext<Metadata>().get('caller')[0] as string,
  })
  scoped({ id }: Question): Answer {
    return { id, run: count(runs, id) };
  }

  @GrpcMethod('Items', 'Watch')
  @Cacheable({ returns: 'observable' })
  watch({ id }: Question): Observable<Answer> {
    const run = count(runs, id);
    return of('first', 'second', 'third').pipe(map((owner) => ({ id, run, owner })));
  }

  @GrpcStreamMethod('Items', 'Sum')
  @Cacheable({ returns: 'response' })
  sum(questions: Observable<Question>): Observable<Answer> {
    const run = count(runs, 'sum');
    return questions.pipe(reduce((answer, { id }) => ({ ...answer, id: answer.id + id }), { id: '', run }));
  }

  @GrpcStreamCall('Items', 'SumByCall')
  @Cacheable({ returns: 'response', requestKey: () => 'always' })
  async sumByCall(call: ServerReadableStream<Question, Answer>, answer: (error: null, value: Answer) => void) {
    const run = count(runs, 'sum by call');
    let id = '';
    for await (const question of call as AsyncIterable<Question>) id += question.id;
    answer(null, { id, run });
  }

  @MessagePattern([rpc('One'), rpc('Other')], Transport.GRPC)
  @Cacheable({ returns: 'response' })
  either({ id }: Question): Answer {
    return { id, run: count(runs, id) };
  }

  @GrpcMethod('Items', 'Change')
  @CacheEvict({ tags: ({ tag }: { tag: string }) => [tag] })
  async change({ tag }: { tag: string }): Promise<{ tag: string }> {
    return { tag };
  }
}

interface Stage {
  ask(method: string, data: object | Observable<object>, metadata?: Metadata): Promise<unknown[]>;
  close(): Promise<void>;
}

async function start(manner: 'pure' | 'hybrid', loader: Options): Promise<Stage> {
  const [port] = (await freePorts(1)) as [number];
  const options = { package: 'catalogue', protoPath: join(import.meta.dirname, 'catalogue.proto') };
  const line: GrpcOptions = { transport: Transport.GRPC, options: { ...options, url: `127.0.0.1:${port}`, loader } };
  class AppModule {}
  Module({ imports: [CacheModule.forRoot({ ttl: '1h' })], controllers: [Items] })(AppModule);
  const app = await applicationOf(manner, AppModule, line);
  const client = ClientProxyFactory.create(line) as unknown as ClientGrpcProxy;
  const items = client.getService<Record<string, Method>>('Items');
  return {
    ask: async (method, data, metadata) =>
      lastValueFrom(items[method]!(data, metadata ?? new Metadata()).pipe(toArray(), timeout(15_000))),
    async close() {
      client.close();
      await app.close();
    },
  };
}

async function applicationOf(
  manner: 'pure' | 'hybrid',
  module: Type,
  line: GrpcOptions,
): Promise<INestApplicationContext> {
  const quiet = { logger: false, abortOnError: false } as const;
  if (manner === 'pure') {
    const app = await NestFactory.createMicroservice(module, { ...line, ...quiet });
    await app.listen();
    return app;
  }
  const app = await NestFactory.create(module, quiet);
  app.connectMicroservice(line);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  return app;
}

let last = 0;
const fresh = (): string => `g${++last}`;
const callerIs = (caller: string): Metadata => {
  const metadata = new Metadata();
  metadata.set('caller', caller);
  return metadata;
};

describe.each(['pure', 'hybrid'] as const)('gRPC handlers in a %s application', (manner) => {
  let stage: Stage;
  const ask = async (...asked: Parameters<Stage['ask']>): Promise<unknown[]> => stage.ask(...asked);
  beforeAll(async () => {
    stage = await start(manner, { longs: String });
  });
  afterAll(async () => stage.close());

  it('answer an identical call from the cache, and others differently', async () => {
    const id = fresh();
    const find = async (more: object = {}) => ((await ask('find', { id, ...more })) as Answer[])[0]!.run;
    expect([await find(), await find()]).toEqual([1, 1]);
    expect([await find({ list: ['a', 'b'] }), await find({ list: ['b', 'a'] }), await find({ list: ['ab'] })]).toEqual([
      2, 3, 4,
    ]);
    expect([await find({ crowd: 1 }), await find(), await find({ list: ['a', 'b'] })]).toEqual([5, 1, 2]);
  });

  it('are asked anew when another evicts by the tag of an argument or of the answer', async () => {
    const id = fresh();
    const answer = (run: number) => [{ id, run, owner: `owner of ${id}` }];
    expect(await ask('find', { id })).toEqual(answer(1));
    expect(await ask('change', { tag: `item:${id}` })).toEqual([{ tag: `item:${id}` }]);
    expect(await ask('find', { id })).toEqual(answer(2));
    await ask('change', { tag: `owner:owner of ${id}` });
    expect(await ask('find', { id })).toEqual(answer(3));
    await ask('change', { tag: 'owner:nobody' });
    expect(await ask('find', { id })).toEqual(answer(3));
  });

  it('run once for a crowd', async () => {
    const id = fresh();
    const answers = await Promise.all(Array.from({ length: 20 }, async () => ask('crowded', { id, crowd: 20 })));
    expect(answers.flat()).toEqual(Array.from({ length: 20 }, () => expect.objectContaining({ id, run: 1 })));
    expect(runs.get(id)).toBe(1);
  });

  it('pass an RpcException to everybody who waits for it, and forget it', async () => {
    const id = fresh();
    const fail = async () => ask('failing', { id, crowd: 20 }).catch((error: unknown) => error);
    const failure = (run: number) => expect.objectContaining({ code: status.NOT_FOUND, details: `run ${run}` });
    expect(await Promise.all(Array.from({ length: 20 }, fail))).toEqual(Array.from({ length: 20 }, () => failure(1)));
    expect(await fail()).toEqual(failure(2));
  });

  it('answer each `scope` for itself, by the metadata of the call', async () => {
    const id = fresh();
    const find = async (caller: string) => ((await ask('scoped', { id }, callerIs(caller))) as Answer[])[0]!.run;
    expect([await find('ann'), await find('bob'), await find('ann'), await find('bob')]).toEqual([1, 2, 1, 2]);
    await expect(ask('scoped', { id })).rejects.toMatchObject({ code: status.UNKNOWN });
    expect(runs.get(id)).toBe(2);
  });

  it('replay a stream of answers, in order', async () => {
    const id = fresh();
    const stream = ['first', 'second', 'third'].map((owner) => ({ id, run: 1, owner }));
    expect(await ask('watch', { id })).toEqual(stream);
    expect(await ask('watch', { id })).toEqual(stream);
    expect(runs.get(id)).toBe(1);
  });

  it.each(['sum', 'sumByCall'])('answer a stream of questions, and keep nothing: %s', async (method) => {
    const before = ((await ask(method, of({ id: 'a' }, { id: 'b' }))) as Answer[])[0]!;
    expect(before.id).toBe('ab');
    const after = ((await ask(method, from([{ id: 'a' }, { id: 'b' }]))) as Answer[])[0]!;
    expect(after).toMatchObject({ id: 'ab', run: before.run + 1 });
  });

  it('never share between two methods of one handler', async () => {
    const id = fresh();
    const run = async (method: string) => ((await ask(method, { id })) as Answer[])[0]!.run;
    expect([await run('one'), await run('other'), await run('one'), await run('other')]).toEqual([1, 2, 1, 2]);
  });

  it('are cached by numbers of 64 bits where the loader makes texts of them', async () => {
    const number = '9007199254740993';
    const before = await ask('findNumbered', { number });
    expect(before).toMatchObject([{ id: number }]);
    expect(await ask('findNumbered', { number })).toEqual(before);
    expect(await ask('findNumbered', { number: '9007199254740992' })).toMatchObject([{ id: '9007199254740992' }]);
  });
});

describe('gRPC handlers with numbers of 64 bits as the loader makes them by default', () => {
  it('are answered, and nothing is kept', async () => {
    const stage = await start('pure', {});
    onTestFinished(async () => stage.close());
    const [first] = (await stage.ask('findNumbered', { number: 5 })) as Answer[];
    expect(await stage.ask('findNumbered', { number: 5 })).toEqual([{ id: '5', run: first!.run + 1 }]);
    expect(await stage.ask('findNumbered', { number: 6 })).toMatchObject([{ id: '6' }]);
  });
});
