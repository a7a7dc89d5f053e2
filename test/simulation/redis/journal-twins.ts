import { RedisFault } from '../../../lib/redis/redis-fault.js';
import type { ScriptReply } from '../../../lib/redis/script.js';
import type { Keyspace } from './keyspace.js';
import { formatId, type Id, type StreamEntry } from './stream.js';

/** A Lua file in TypeScript, line by line: what changes there changes here. */
export type Twin = (redis: Keyspace, KEYS: readonly string[], ARGV: readonly string[]) => ScriptReply;

const { floor: mathFloor, max, min } = Math;
const text = (number: number): string => number.toFixed(0);

// positions.include.lua
const idOf = (position: number): string => `${text(mathFloor(position / 1024))}-${text(position % 1024)}`;
const positionOf = ({ ms, sequence }: Id): number => ms * 1024 + min(sequence, 1023);
const lastPosition = (redis: Keyspace, journal: string): number =>
  redis.exists(journal) === 0 ? 0 : positionOf(redis.lastGeneratedId(journal));

function checkFormat(format: string | undefined): void {
  if (format === undefined || format === '1') return;
  throw new RedisFault('refused', `CACHEFORMAT the journal has format ${format}, this version knows format 1`);
}

function timeMsOf(redis: Keyspace): number {
  const [seconds, microseconds] = redis.time();
  return Number(seconds) * 1000 + mathFloor(Number(microseconds) / 1000);
}

/** append.lua */
export const append: Twin = (redis, KEYS, ARGV) => {
  const [clock, journal] = KEYS as [string, string];
  const [nonce, tags] = ARGV as [string, string];
  const [known, givenBound, maxRecords, maxAgeMs] = ARGV.slice(2).map(Number) as [number, number, number, number];

  const state = redis.hmget(clock, 'format', 'epoch', 'head', 'nonce', 'bound');
  let [format, epoch, head, headNonce] = [state[0], state[1], Number(state[2]), state[3]];
  checkFormat(format);
  const now = timeMsOf(redis) * 1024;

  const isFirst = epoch === undefined;
  if (epoch === undefined) {
    head = max(now, lastPosition(redis, journal) + 1, known + 1);
    [epoch, headNonce] = [`${text(head)}.${nonce}`, 'begin'];
  }

  let position = max(now, head + 1, known + 1);
  const record = ['1', epoch, text(head), headNonce, nonce, tags].join('|');
  try {
    redis.xadd(journal, idOf(position), 'r', record);
  } catch {
    position = max(position, lastPosition(redis, journal) + 1);
    redis.xadd(journal, idOf(position), 'r', record);
  }
  const bound = max(givenBound, Number(state[4] ?? '0'));
  if (isFirst) redis.hset(clock, 'format', '1', 'epoch', epoch, 'floor', text(head));
  redis.hset(clock, 'head', text(position), 'nonce', nonce, 'bound', text(bound));

  const surplus = redis.xlen(journal) - maxRecords;
  if (surplus > 0 || maxAgeMs > 0) {
    let floor: number | undefined;
    for (const [index, item] of redis.xrange(journal, '-', '+', 2).entries()) {
      const old = positionOf(item.id);
      const isTooOld = maxAgeMs > 0 && old < now - maxAgeMs * 1024;
      if ((index + 1 <= surplus || isTooOld) && old < position) {
        redis.xdel(journal, formatId(item.id));
        floor = old;
      }
    }
    if (floor !== undefined) {
      const before = Number(redis.hget(clock, 'floor'));
      redis.hset(clock, 'floor', text(max(before, floor)));
    }
  }
  return [epoch, text(position), nonce, text(bound), text(head), headNonce!];
};

/** sync.lua */
export const sync: Twin = (redis, KEYS, ARGV) => {
  const [clock, journal] = KEYS as [string, string];
  const [freshNonce, knownEpoch] = ARGV as [string, string];
  const [applied, appliedNonce] = [Number(ARGV[2]), ARGV[3]];
  const [own, ownNonce] = [Number(ARGV[4]), ARGV[5]];
  let [bound, pageSize] = [Number(ARGV[6]), Number(ARGV[7])];

  const state = redis.hmget(clock, 'format', 'epoch', 'head', 'nonce', 'floor', 'bound');
  let [format, epoch, headNonce] = [state[0], state[1], state[3]];
  let [head, floor] = [Number(state[2] ?? 0), Number(state[4] ?? 0)];
  checkFormat(format);
  const timeMs = timeMsOf(redis);

  let [kind, records] = ['records', [] as StreamEntry[]];
  const startOf = (someEpoch: string): number => Number(/^(\d+)\./u.exec(someEpoch)?.[1] ?? '0');
  const beginEpoch = (): void => {
    head = max(timeMs * 1024, lastPosition(redis, journal) + 1, head + 1, applied + 1, own + 1);
    head = max(head, startOf(knownEpoch) + 1);
    [epoch, headNonce, floor] = [`${text(head)}.${freshNonce}`, 'begin', head];
    redis.hset(clock, 'format', '1', 'epoch', epoch, 'head', text(head), 'nonce', headNonce, 'floor', text(floor));
    [kind, records] = ['rebuild', []];
  };
  const rebuild = (): void => {
    [kind, records] = ['rebuild', redis.xrevrange(journal, '+', '-', pageSize)];
    if (records[0] !== undefined && positionOf(records[0].id) !== head) records = [];
  };
  const isOwnRecordLost = (): boolean => {
    if (own === 0) return false;
    if (own <= applied) return true;
    if (own <= floor) return false;
    const [found] = redis.xrange(journal, idOf(own), idOf(own));
    if (found === undefined) return true;
    const nonce = /^\d+\|[^|]*\|[^|]*\|[^|]*\|([^|]*)\|/u.exec(found.fields[1]!)?.[1];
    return nonce !== ownNonce;
  };
  const goOn = (): void => {
    records = redis.xrange(journal, `(${idOf(applied)}`, '+', pageSize);
    if (records[0] === undefined) {
      if (applied < head) return rebuild();
      if (appliedNonce !== headNonce) return beginEpoch();
      return;
    }
    const [, previousText, previousNonce] = /^\d+\|[^|]*\|(\d+)\|([^|]*)\|/u.exec(records[0].fields[1]!) ?? [];
    const previous = Number(previousText ?? '0');
    if (previous > applied) return rebuild();
    if (previous < applied || previousNonce !== appliedNonce) return beginEpoch();
  };

  if (epoch === undefined) {
    beginEpoch();
  } else if (knownEpoch === '') {
    rebuild();
  } else if (knownEpoch !== epoch) {
    if (startOf(knownEpoch) >= startOf(epoch)) beginEpoch();
    else rebuild();
  } else if (applied > head || own > head || isOwnRecordLost()) {
    beginEpoch();
  } else if (applied < floor) {
    rebuild();
  } else {
    goOn();
  }

  const known = Number(state[5] ?? '0');
  if (bound > known) {
    redis.hset(clock, 'bound', text(bound));
  } else {
    bound = known;
  }
  const reply = [kind, epoch!, text(head), headNonce!, text(floor), text(bound), text(timeMs)];
  for (const item of records) {
    reply.push(formatId(item.id), item.fields[1]!);
  }
  return reply;
};
