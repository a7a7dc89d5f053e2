import type { Writable } from 'node:stream';
import type { RedisClientLike } from '../options/redis-options.interface.js';
import type { HeldClient } from './held-client.js';
import type {
  LockAddress,
  LockReply,
  RedisCommands,
  ReplicatedReply,
  RunOptions,
  StoredBytes,
} from './redis-commands.interface.js';
import { RedisFault } from './redis-fault.js';
import type { Script, ScriptArgument, ScriptReply } from './script.js';
import { acquireLocks, type StreamItem } from './scripts.js';
import { codeOf, faultOf } from './server-reply.js';
import { groupsBySlot } from './slots.js';
import { streamItems } from './stream-items.js';

type PipelineReplies = readonly (readonly [error: Error | null, result: unknown])[];
type Words = readonly (string | number | Buffer)[];

const OPENS_WITHIN_MS = 2_000;
const REDIRECTIONS = 3;
/** Commands in one write. */
const MOST_TOGETHER = 32;

/** The commands over a client of ioredis. Nothing is defined on it, and no option of it is needed. */
export class IoredisCommands implements RedisCommands {
  /** Commands of this turn of the event loop. */
  #thisTurn = 0;

  /**
   * @param connection for everything that is answered at once
   * @param replicated for what waits for a replica; asked for when it is first needed
   */
  constructor(
    private readonly connection: HeldClient,
    private readonly replicated: () => HeldClient,
  ) {}

  get(key: string): Promise<Buffer | undefined> {
    try {
      return call(this.#usable(), 'getBuffer', key).then(bytesOf, asFault);
    } catch (error) {
      return Promise.reject(faultOf(error));
    }
  }

  async getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    if (keys.length === 0) return [];
    return this.#bySlot(keys, async (group) =>
      group.length === 1 && this.connection.isCluster
        ? [await this.get(group[0]!)]
        : ((await this.#send('mgetBuffer', ...group)) as unknown[]).map(bytesOf),
    );
  }

  async set(key: string, bytes: Buffer, ttlMs: number): Promise<void> {
    await this.#send('setBuffer', key, bytes, 'PX', wholeMs(ttlMs));
  }

  async setMany(entries: readonly StoredBytes[]): Promise<void> {
    const words = entries.map(({ key, bytes, ttlMs }) => ['setBuffer', key, bytes, 'PX', wholeMs(ttlMs)] as const);
    // one batch can't be for several nodes
    if (this.connection.isCluster) {
      this.#leaveAtOnce();
      await Promise.all(words.map(async ([method, ...rest]) => this.#send(method, ...rest)));
    } else for (const reply of await batch(this.#usable(), words)) resultOf(reply);
  }

  async expire(key: string, ttlMs: number): Promise<void> {
    await this.#send('pexpireBuffer', key, wholeMs(ttlMs));
  }

  async unlink(key: string): Promise<void> {
    await this.#send('unlinkBuffer', key);
  }

  async acquire({ lock, entry, beside }: LockAddress, token: string, lifeMs: number): Promise<LockReply> {
    const take = [lock, token, 'PX', wholeMs(lifeMs), 'NX'];
    if (!beside && this.connection.isCluster) {
      const taken = await this.#send('setBuffer', ...take);
      return { acquired: taken !== null, found: await this.get(entry) };
    }
    const [taken, found] = await batch(this.#usable(), [
      ['setBuffer', ...take],
      ['getBuffer', entry],
    ]);
    return { acquired: resultOf(taken) !== null, found: bytesOf(resultOf(found)) };
  }

  async acquireMany(addresses: readonly LockAddress[], token: string, lifeMs: number): Promise<LockReply[]> {
    const byEntry = new Map(addresses.map((address) => [address.entry, address]));
    const entries = addresses.map(({ entry }) => entry);
    return this.#bySlot(entries, async (group) => {
      const { beside } = byEntry.get(group[0]!)!;
      if (group.length === 1 || (!beside && this.connection.isCluster))
        return Promise.all(group.map(async (entry) => this.acquire(byEntry.get(entry)!, token, lifeMs)));
      const locks = group.map((entry) => byEntry.get(entry)!.lock);
      return this.run(acquireLocks, [...locks, ...group], [token, wholeMs(lifeMs)]);
    });
  }

  async runForEach<Arguments extends readonly ScriptArgument[]>(
    script: Script<readonly string[], Arguments, boolean>,
    keys: readonly string[],
    args: NoInfer<Arguments>,
  ): Promise<boolean> {
    const answers = await this.#bySlot(keys, async (group) => {
      const answer = await this.run(script, group, args);
      return group.map(() => answer);
    });
    return answers.includes(true);
  }

  /** Asks about keys with one command, in a cluster with one for each slot. @returns answers in the order of the keys */
  async #bySlot<T>(keys: readonly string[], ask: (group: readonly string[]) => Promise<T[]>): Promise<T[]> {
    if (!this.connection.isCluster) return ask(keys);
    this.#leaveAtOnce();
    const { keyPrefix = '' } = this.connection.options;
    const answers: T[] = [];
    await Promise.all(
      groupsBySlot(keys.map((key) => keyPrefix + key)).map(async (places) => {
        const found = await ask(places.map((place) => keys[place]!));
        places.forEach((place, index) => (answers[place] = found[index]!));
      }),
    );
    return answers;
  }

  async run<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
    _options?: RunOptions,
  ): Promise<Result> {
    const client = this.#usable();
    const rest = [keys.length, ...keys, ...args];
    let reply: unknown;
    try {
      reply = await call(client, 'evalshaBuffer', script.sha, ...rest);
    } catch (error) {
      if (codeOf(error) !== 'NOSCRIPT') throw faultOf(error);
      reply = await this.#send('evalBuffer', script.text, ...rest);
    }
    return parsed(script, reply, client);
  }

  async runReplicated<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
    waitMs: number,
  ): Promise<ReplicatedReply<Result>> {
    const client = await this.replicated().whenUsable(OPENS_WITHIN_MS);
    const rest = [keys.length, ...keys, ...args];
    let words: Words = ['evalshaBuffer', script.sha, ...rest];
    for (let redirected = 0; ;) {
      // on one connection, so that it is this write that WAIT waits for
      const [ran, waited] = await batch(client, [words, ['wait', 1, wholeMs(waitMs)]]);
      const code = codeOf(ran?.[0]);
      if (code === 'NOSCRIPT') {
        words = ['evalBuffer', script.text, ...rest];
      } else if ((code === 'MOVED' || code === 'ASK') && redirected++ < REDIRECTIONS) {
        // a batch with a WAIT in it isn't redirected; a command of its own is, and the client learns the way by it
        await client.callBuffer('exists', keys[0]!).catch((error: unknown) => {
          throw faultOf(error);
        });
      } else {
        const result = parsed(script, resultOf(ran), client);
        return { result, replicas: waited?.[0] == null ? Number(waited?.[1]) : 0 };
      }
    }
  }

  async readBack(stream: string, beforeId: string, count: number): Promise<readonly StreamItem[]> {
    return streamItems(await this.#send('xrevrangeBuffer', stream, `(${beforeId}`, '-', 'COUNT', count));
  }

  #usable(): RedisClientLike {
    const client = this.connection.usable;
    if (this.connection.isOurs) this.#leaveTogether(client);
    return client;
  }

  /**
   * The first command of a turn of the event loop leaves at once, those that follow in few writes. Each by itself would
   * be a system call, which costs more than all the rest of a command; all in one, and the server would wait while they
   * are made, and this process while they are answered.
   */
  #leaveTogether({ stream }: RedisClientLike & { readonly stream?: Partial<Writable> | null }): void {
    if (typeof stream?.cork !== 'function') return;
    const before = this.#thisTurn++;
    if (before === 0) process.nextTick(this.#endTurn);
    else if (stream.writableCorked === 0) {
      stream.cork();
      process.nextTick(() => stream.uncork!());
    } else if (before % MOST_TOGETHER === 0) {
      stream.uncork!();
      stream.cork();
    }
  }

  /** What is sent to the nodes of a cluster in this turn of the event loop leaves in one write a node. */
  #leaveAtOnce(): void {
    const client = this.#usable() as RedisClientLike & {
      nodes?: () => readonly { stream?: Partial<Writable> | null }[];
    };
    if (!this.connection.isOurs || client.nodes === undefined) return;
    for (const { stream } of client.nodes()) {
      if (typeof stream?.cork !== 'function') continue;
      stream.cork();
      process.nextTick(() => stream.uncork!());
    }
  }

  readonly #endTurn = (): void => {
    this.#thisTurn = 0;
  };

  #send(method: string, ...words: (string | number | Buffer)[]): Promise<unknown> {
    try {
      return call(this.#usable(), method, ...words).catch(asFault);
    } catch (error) {
      return Promise.reject(faultOf(error));
    }
  }
}

function asFault(error: unknown): never {
  throw faultOf(error);
}

/** By the method of the command: with automatic pipelining `callBuffer` loses its name. */
function call(client: RedisClientLike, method: string, ...words: Words): Promise<unknown> {
  const methods = client as unknown as Record<string, (...words: Words) => Promise<unknown>>;
  return methods[method]!(...words);
}

async function batch(client: RedisClientLike, calls: readonly Words[]): Promise<PipelineReplies> {
  try {
    return (await client.pipeline(calls.map((call) => [...call])).exec()) ?? [];
  } catch (error) {
    throw faultOf(error);
  }
}

function resultOf(reply: PipelineReplies[number] | undefined): unknown {
  if (reply === undefined) throw new RedisFault('unreachable', 'the client gave no answer');
  if (reply[0] !== null) throw faultOf(reply[0]);
  return reply[1];
}

function parsed<Result>(
  script: { readonly name: string; readonly parse: (reply: ScriptReply) => Result },
  reply: unknown,
  client: RedisClientLike,
): Result {
  const { stringNumbers } = client.options as { stringNumbers?: boolean };
  try {
    return script.parse((stringNumbers === true ? withNumbers(reply) : reply) as ScriptReply);
  } catch (error) {
    // not its message, which may quote the reply
    throw new RedisFault('refused', `the script ${script.name} gave an answer that makes no sense`, { cause: error });
  }
}

/** A client with `stringNumbers` gives integers as strings; texts are bytes here. */
function withNumbers(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(withNumbers);
  return typeof reply === 'string' && /^-?\d+$/.test(reply) ? Number(reply) : reply;
}

const bytesOf = (reply: unknown): Buffer | undefined => (Buffer.isBuffer(reply) ? reply : undefined);

/** The server takes whole milliseconds, and at least one. */
const wholeMs = (ms: number): number => Math.max(1, Math.round(ms));
