import { defineScript, type ScriptReply } from './script.js';

/** Whether a load lock was got, and what its key's entry holds by then. */
export interface LockReply {
  readonly acquired: boolean;
  readonly found: Buffer | undefined;
}

/** A record was added. */
export interface AppendReply {
  readonly epoch: string;
  readonly position: number;
  readonly nonce: string;
  /** The largest staleness bound of any process that shares the journal, ms. */
  readonly boundMs: number;
  /** The record before it, or where the epoch began. */
  readonly previous: number;
  readonly previousNonce: string;
}

export interface StreamItem {
  readonly id: string;
  readonly record: Buffer;
}

/** What a process lacks. `records`: oldest first, behind its applied position. `rebuild`: newest first. */
export interface SyncReply {
  readonly kind: 'records' | 'rebuild';
  readonly epoch: string;
  readonly head: number;
  readonly headNonce: string;
  /** Older records have been dropped. */
  readonly floor: number;
  readonly boundMs: number;
  /** By the server's clock, epoch ms. */
  readonly timeMs: number;
  readonly items: readonly StreamItem[];
}

type JournalKeys = readonly [clock: string, journal: string];

export const appendRecord = defineScript<
  JournalKeys,
  readonly [nonce: string, tags: string, knownPosition: number, boundMs: number, maxRecords: number, maxAgeMs: number]
>('append', { keys: 2, arguments: 6 })((reply): AppendReply => {
  const [epoch, position, nonce, boundMs, previous, previousNonce] = list(reply).map(String);
  return {
    epoch: epoch!,
    position: Number(position),
    nonce: nonce!,
    boundMs: Number(boundMs),
    previous: Number(previous),
    previousNonce: previousNonce!,
  };
});

export const syncJournal = defineScript<
  JournalKeys,
  readonly [
    nonce: string,
    knownEpoch: string,
    appliedPosition: number,
    appliedNonce: string,
    ownPosition: number,
    ownNonce: string,
    boundMs: number,
    pageSize: number,
  ]
>('sync', { keys: 2, arguments: 8 })((reply): SyncReply => {
  const fields = list(reply);
  const [kind, epoch, head, headNonce, floor, boundMs, timeMs] = fields.slice(0, 7).map(String);
  const items: StreamItem[] = [];
  for (let index = 7; index + 1 < fields.length; index += 2) {
    items.push({ id: String(fields[index]), record: fields[index + 1] as Buffer });
  }
  return {
    kind: kind === 'rebuild' ? 'rebuild' : 'records',
    epoch: epoch!,
    head: Number(head),
    headNonce: headNonce!,
    floor: Number(floor),
    boundMs: Number(boundMs),
    timeMs: Number(timeMs),
    items,
  };
});

/** @returns whether one of them was the caller's */
export const releaseLock = defineScript<readonly string[], readonly [token: string]>('releaseLock', {
  keys: 'any',
  arguments: 1,
})((reply) => Number(reply) > 0);

/** @returns whether one of them still is the caller's */
export const renewLock = defineScript<readonly string[], readonly [token: string, lifeMs: number]>('renewLock', {
  keys: 'any',
  arguments: 2,
})((reply) => Number(reply) > 0);

/** Keys: locks, and then their entries. */
export const acquireLocks = defineScript<readonly string[], readonly [token: string, lifeMs: number]>('acquireLocks', {
  keys: 'any',
  arguments: 2,
})((reply): LockReply[] => {
  const fields = list(reply);
  const count = fields.length / 2;
  return Array.from({ length: count }, (_, index) => {
    const found = fields[count + index];
    return { acquired: Number(fields[index]) === 1, found: Buffer.isBuffer(found) ? found : undefined };
  });
});

function list(reply: ScriptReply): readonly ScriptReply[] {
  if (Array.isArray(reply)) return reply as readonly ScriptReply[];
  throw new TypeError(`a script answered ${String(reply)} where a list was expected`);
}
