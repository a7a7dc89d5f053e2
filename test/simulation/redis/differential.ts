import type { ScriptArgument, ScriptReply } from '../../../lib/redis/script.js';
import {
  acquireLocks,
  appendRecord,
  releaseLock,
  renewLock,
  syncJournal,
  type AppendReply,
  type StreamItem,
  type SyncReply,
} from '../../../lib/redis/scripts.js';
import { idOf, positionOf } from '../../../lib/journal/journal-position.js';
import { BEGIN, readRecord } from '../../../lib/journal/journal-wire.js';
import { RedisFault } from '../../../lib/redis/redis-fault.js';
import type { Drawn } from './drawn.js';
import type { Command, RealRedis } from './real-redis.js';
import { SimulatedRedis } from './simulated-redis.js';
import { formatId } from './stream.js';

const CLOCK = '{n}:clock';
const JOURNAL = '{n}:journal';
const LOCK = 'n:~lock:{n:a}';
const LOCKS = [LOCK, 'n:~lock:{n:b}'];
const ENTRIES = ['n:a', 'n:b', 'n:ü'];
/** Longer than every test: the real server's keys expire by its own clock. */
const LONG_MS = 1_000_000_000;
const START = 1_700_000_000_000;

/** One command, and what the simulated server answered. */
interface Rehearsed {
  readonly command: Command;
  readonly expected: unknown;
  /** Makes of the real server's reply what the simulated one gives. */
  readonly read: (reply: unknown) => unknown;
}

interface Position {
  readonly epoch: string;
  readonly position: number;
  readonly nonce: string;
}

/** What a process believes of the journal. */
interface Believer {
  applied: Position;
  own: Position;
}

const NOWHERE: Position = { epoch: '', position: 0, nonce: '' };

/** Carries a drawn sequence out on a simulated server, and remembers the commands that a real one is to answer alike. */
export class Rehearsal {
  readonly commands: Rehearsed[] = [];
  /** What came about, in words. */
  readonly outcomes: string[] = [];
  #now = START;
  #nonces = 0;
  readonly #server = new SimulatedRedis(() => this.#now);
  readonly #believers = Array.from({ length: 3 }, (): Believer => ({ applied: NOWHERE, own: NOWHERE }));
  readonly #records: Position[] = [];
  #kept = this.#server.snapshot();

  constructor(
    private readonly real: RealRedis,
    sequence: readonly Drawn[],
  ) {
    this.#foreign(['FLUSHALL'], 'OK', () => this.#server.flushAll());
    this.#foreign(this.real.copy([CLOCK, JOURNAL, ...LOCKS, ...ENTRIES], 'keep'), 'OK', () => {});
    for (const drawn of sequence) this.#perform(drawn);
    this.#compareState();
  }

  #perform({ operation, who, chances }: Drawn): void {
    const server = this.#server;
    const [a, b, c] = chances as [number, number, number];
    const entry = pick(ENTRIES, b);
    const token = `token-${c % 2}`;
    const bytes = Buffer.from([a % 256, b % 256, 0, c % 256]);
    const ttlMs = pick([LONG_MS, LONG_MS + a, LONG_MS, LONG_MS, 0, -1, 1.5], c);
    const all = [CLOCK, JOURNAL, ...LOCKS, ...ENTRIES];
    switch (operation) {
      case 'append':
        return this.#append(this.#believers[who]!, chances);
      case 'sync':
        return this.#sync(this.#believers[who]!, chances);
      case 'advance':
        this.#now += pick([1, 1, 2, 7, 50, 1_000, 60_000], a);
        return;
      case 'setClockBack':
        this.#now -= pick([1, 5, 100, 10_000], a);
        return;
      case 'addForeign':
        return this.#addForeign(a, b);
      case 'deleteRecord': {
        const id = idOf(pick(this.#records, a)?.position ?? 1);
        return this.#foreign(['XDEL', JOURNAL, id], undefined, () => server.keyspace.xdel(JOURNAL, id));
      }
      case 'deleteJournal':
        return this.#foreign(['DEL', JOURNAL], undefined, () => server.keyspace.del(JOURNAL));
      case 'deleteClock':
        return this.#foreign(['DEL', CLOCK], undefined, () => server.keyspace.del(CLOCK));
      case 'replaceByText':
        return this.#set(pick([CLOCK, JOURNAL, LOCK], a), Buffer.from('text'), LONG_MS);
      case 'setFormat':
        return this.#foreign(['HSET', CLOCK, 'format', '2'], undefined, () => {
          const before = server.keyspace.hget(CLOCK, 'format');
          server.keyspace.hset(CLOCK, 'format', '2');
          return before === undefined ? 1 : 0;
        });
      case 'keepCopies':
        return this.#foreign(this.real.copy(all, 'keep'), 'OK', () => (this.#kept = server.snapshot()));
      case 'restoreCopies':
        return this.#foreign(this.real.copy(all, 'restore'), 'OK', () => server.restore(this.#kept));
      case 'flushAll':
        // the copies as well
        return this.#foreign(['FLUSHALL'], 'OK', () => {
          server.flushAll();
          this.#kept = server.snapshot();
        });
      case 'readBack': {
        const id = pick(['0-0', ...this.#records.slice(-8).map(({ position }) => idOf(position + (b % 2)))], a);
        const command: Command = ['XREVRANGE', JOURNAL, `(${id}`, '-', 'COUNT', 1 + (b % 4)];
        this.#do(command, () => server.readBack(JOURNAL, id, 1 + (b % 4)), readEntries);
        return;
      }
      case 'readAfter': {
        const id = pick(['0-0', ...this.#records.slice(-8).map(({ position }) => idOf(position - (b % 2)))], a);
        const command: Command = ['XREAD', 'COUNT', 1 + (b % 4), 'STREAMS', JOURNAL, id];
        this.#do(
          command,
          () => server.readAfter(JOURNAL, id, 1 + (b % 4)),
          (reply) => readEntries(reply === null ? [] : (reply as [[Buffer, unknown]])[0][1]),
        );
        return;
      }
      case 'get':
        this.#do(['GET', entry], () => server.get(entry));
        return;
      case 'getMany':
        this.#do(['MGET', ...ENTRIES], () => server.getMany(ENTRIES));
        return;
      case 'set':
        return this.#set(entry, bytes, ttlMs);
      case 'unlink':
        return this.#foreign(['UNLINK', entry], undefined, () => {
          const existed = server.keyspace.exists(entry);
          server.unlink(entry);
          return existed;
        });
      case 'expire':
        this.#do(['PEXPIRE', entry, ttlMs], () => server.keyspace.pexpire(entry, ttlMs));
        return;
      case 'acquire': {
        const found = server.get('n:a');
        const reply = this.#do(
          ['SET', LOCK, token, 'NX', 'PX', ttlMs],
          () => server.acquire({ lock: LOCK, entry: 'n:a', beside: true }, token, ttlMs),
          (set) => ({ acquired: set !== null, found }),
        );
        if (reply !== undefined) this.outcomes.push(reply.acquired ? 'lock taken' : 'lock not taken');
        this.#do(['GET', 'n:a'], () => server.get('n:a'));
        return;
      }
      case 'acquireMany': {
        const few = c % 3 === 0;
        const keys = few ? [LOCK, ENTRIES[0]!] : [...LOCKS, ...ENTRIES.slice(0, LOCKS.length)];
        this.#run('acquireLocks', keys, [token, ttlMs], (reply) => {
          const taken = acquireLocks.parse(reply).filter(({ acquired }) => acquired).length;
          return taken === keys.length / 2 ? 'all locks taken' : taken > 0 ? 'some locks taken' : 'no lock taken';
        });
        return;
      }
      case 'release':
        this.#run('releaseLock', a % 2 === 0 ? [LOCK] : LOCKS, [token], (reply) =>
          releaseLock.parse(reply) ? 'released' : 'not released',
        );
        return;
      case 'renew':
        this.#run('renewLock', a % 2 === 0 ? [LOCK] : LOCKS, [token, ttlMs], (reply) =>
          renewLock.parse(reply) ? 'renewed' : 'not renewed',
        );
        return;
    }
  }

  #append(believer: Believer, chances: readonly number[]): void {
    const [a, b, c, d, e] = chances as [number, number, number, number, number];
    const nonce = this.#nonce();
    const known = pick([believer.applied.position, believer.applied.position, 0, this.#now * 1024 + 1_021], a);
    const ahead = a % 50 === 0 ? 100_000_000 : 0;
    const reply = this.#run(
      'append',
      [CLOCK, JOURNAL],
      [
        nonce,
        pick(['["t:a"]', '["t:ü|1|2","k:{}:\\n"]', '[]'], b),
        known + ahead,
        pick([0, 1_000, 5_000, 60_000], c),
        pick([0, 1, 2, 3, 5, 100], d),
        pick([0, 0, 1, 10, 5_000], e),
      ],
      (raw) => (appendRecord.parse(raw).epoch.endsWith(`.${nonce}`) ? 'append: epoch begun' : 'append'),
    );
    if (reply === undefined) return;
    const appended: AppendReply = appendRecord.parse(reply);
    const record = { epoch: appended.epoch, position: appended.position, nonce };
    this.#records.push(record);
    if (e % 2 === 0) believer.own = record;
  }

  #sync(believer: Believer, chances: readonly number[]): void {
    const [a, b, c, d, e] = chances as [number, number, number, number, number];
    const nonce = this.#nonce();
    const others = [...this.#believers.map(({ applied }) => applied), ...this.#records.slice(-6), NOWHERE];
    const other = pick(others, b);
    let { applied, own } = believer;
    // half of the time the truth, as far as the process knows it
    if (a % 2 === 0) {
      const distortions: (() => void)[] = [
        () => (applied = other),
        () => (applied = { ...applied, epoch: other.epoch }),
        () => (applied = { ...applied, epoch: pick(['1.a', `${this.#now * 2_048}.z`, '', `${applied.epoch}z`], b) }),
        () => (applied = { ...applied, position: applied.position + pick([-1, 1, -1_024, 1_024, 50_000_000], b) }),
        () => (applied = { ...applied, nonce: pick(['other', BEGIN], b) }),
        () => (own = other),
        () => (own = { ...other, nonce: 'other' }),
        () => (own = { ...own, position: own.position + pick([-1, 1, -1_024, 1_024, 50_000_000], b) }),
        () => ([applied, own] = [NOWHERE, NOWHERE]),
      ];
      pick(distortions, c)();
    }
    const position = Math.max(0, applied.position);
    const args = [nonce, applied.epoch, position, applied.nonce, Math.max(0, own.position), own.nonce];
    const raw = this.#run(
      'sync',
      [CLOCK, JOURNAL],
      [...args, pick([0, 1_000, 7_000, 90_000], d), pick([1, 2, 3, 5, 1_000], e)],
      (reply) => describeSync(syncJournal.parse(reply), nonce, applied.epoch),
    );
    if (raw !== undefined && d % 4 > 0) take(believer, syncJournal.parse(raw));
  }

  #addForeign(a: number, b: number): void {
    const last = this.#records.at(-1)?.position ?? this.#now * 1_024;
    const ms = Math.floor(last / 1_024);
    const ids = [`${ms}-1023`, `${ms}-3000`, `${ms + 1}-0`, `${ms + 40}-1`, `${this.#now}-5`, `${ms}-0`, '0-0'];
    const id = pick(ids, a);
    const record = this.#records.at(-1) ?? NOWHERE;
    const imitation = ['1', record.epoch, record.position, record.nonce, 'forged', '["t:a"]'].join('|');
    const fields = pick(
      [
        ['field', 'text'],
        ['r', imitation],
        ['one', '1', 'two', '2'],
        ['r', '9|a|b|c'],
      ],
      b,
    );
    this.#foreign(['XADD', JOURNAL, id, ...fields], id, () => this.#server.addForeign(JOURNAL, id, ...fields));
  }

  #set(key: string, bytes: Buffer, ttlMs: number): void {
    this.#foreign(['SET', key, bytes, 'PX', ttlMs], 'OK', () => this.#server.set(key, bytes, ttlMs));
  }

  #compareState(): void {
    const { keyspace } = this.#server;
    this.#do(
      ['HGETALL', CLOCK],
      () => keyspace.hgetall(CLOCK),
      (reply) => pairsOf((reply as Buffer[]).map(String)),
    );
    const wholeStream: Command = ['XRANGE', JOURNAL, '-', '+'];
    this.#do(wholeStream, () => keyspace.xrange(JOURNAL, '-', '+').map(({ id, fields }) => [formatId(id), fields]));
    this.#do(
      ['XINFO', 'STREAM', JOURNAL],
      () => formatId(keyspace.lastGeneratedId(JOURNAL)),
      (reply) => pairsOf((reply as unknown[]).map(String))['last-generated-id'],
    );
    for (const lock of LOCKS) this.#do(['GET', lock], () => keyspace.get(lock));
    this.#do(['MGET', ...ENTRIES], () => this.#server.getMany(ENTRIES));
  }

  #run(
    name: Parameters<SimulatedRedis['reply']>[0],
    keys: readonly string[],
    args: readonly ScriptArgument[],
    describe: (reply: ScriptReply) => string,
  ): ScriptReply | undefined {
    const reply = this.#do(this.real.script(name, keys, args, this.#now), () => this.#server.reply(name, keys, args));
    if (reply !== undefined) this.outcomes.push(describe(reply));
    return reply;
  }

  /** A command of somebody else, or one whose reply the simulated server doesn't give. */
  #foreign(command: Command, reply: string | undefined, simulate: () => unknown): void {
    this.#do(command, () => {
      const own = simulate();
      return reply ?? own;
    });
  }

  #do<Reply>(command: Command, simulate: () => Reply, read = (reply: unknown) => reply): Reply | undefined {
    try {
      const reply = simulate();
      this.commands.push({ command, expected: plain(reply), read: (real) => plain(read(real)) });
      return reply;
    } catch (error) {
      if (!(error instanceof RedisFault)) throw error;
      this.outcomes.push(`refused: ${error.message.split(' ')[0]}`);
      this.commands.push({ command, expected: plain(error), read: plain });
      return undefined;
    }
  }

  #nonce(): string {
    return `p-${++this.#nonces}`;
  }
}

/** Believes what it is told, as far as it goes. */
function take(believer: Believer, { kind, epoch, head, headNonce, items }: SyncReply): void {
  if (kind === 'rebuild') {
    believer.own = NOWHERE;
    believer.applied = { epoch, position: head, nonce: headNonce };
    return;
  }
  for (const item of items) {
    const position = positionOf(item.id);
    believer.applied = { epoch, position, nonce: readRecord(item)?.nonce ?? '' };
    if (believer.own.position <= position) believer.own = NOWHERE;
  }
}

function describeSync({ kind, epoch, items }: SyncReply, nonce: string, knownEpoch: string): string {
  if (epoch.endsWith(`.${nonce}`)) return 'sync: epoch begun';
  if (kind === 'rebuild') return `sync: rebuild ${epoch === knownEpoch ? 'after a gap' : 'of another epoch'}`;
  return items.length === 0 ? 'sync: nothing new' : 'sync: records';
}

const pick = <Value>(values: readonly Value[], chance: number | undefined): Value =>
  values[(chance ?? 0) % values.length]!;

const pairsOf = (list: readonly string[]): Record<string, string> =>
  Object.fromEntries(list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1]!]] : [])));

const readEntries = (reply: unknown): StreamItem[] =>
  (reply as [Buffer, Buffer[]][]).map(([id, fields]) => ({ id: String(id), record: fields[1]! }));

/** The same form for both: bytes as text, nothing as null, and of an error what the server says wherever it happened. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return { refused: value.message.replace(/ script: \w+, on .*$/u, '') };
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (typeof value === 'string') return Buffer.from(value).toString('latin1');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
  }
  return value ?? null;
}
