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

/** A write was taken in, or why it wasn't. */
export type QueueReply =
  | (AppendReply & { readonly status: 'queued'; readonly waiting: number })
  | { readonly status: 'full'; readonly waiting: number }
  | { readonly status: 'superseded' };

/** A write that is handed to a flusher. */
export interface TakenItem {
  readonly id: string;
  readonly key: string;
  /** How often it was handed out, this time included. */
  readonly deliveries: number;
  readonly stored: StoredWrite;
}

/** A value in the queue, and the record that announced it. */
export interface StoredWrite {
  readonly position: number;
  readonly bytes: Buffer;
}

export interface DeadItem {
  readonly id: string;
  readonly key: string;
  readonly stored: StoredWrite;
  readonly note: string;
}

type JournalKeys = readonly [clock: string, journal: string];

export const appendRecord = defineScript<
  JournalKeys,
  readonly [nonce: string, tags: string, knownPosition: number, boundMs: number, maxRecords: number, maxAgeMs: number]
>('append', { keys: 2, arguments: 6 })((reply): AppendReply => appended(list(reply)));

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

export const queueWrite = defineScript<
  readonly [clock: string, journal: string, unwritten: string, queue: string, dead: string, deadKeys: string],
  readonly [
    nonce: string,
    tags: string,
    knownPosition: number,
    boundMs: number,
    maxRecords: number,
    maxAgeMs: number,
    key: string,
    value: Buffer,
    maxWaiting: number,
    deadId: string,
  ]
>('queueWrite', { keys: 6, arguments: 10 })((reply): QueueReply => {
  const fields = list(reply);
  if (fields.length === 1) return { status: 'superseded' };
  if (fields.length === 2) return { status: 'full', waiting: Number(fields[1]) };
  return { status: 'queued', ...appended(fields), waiting: Number(fields[6]) };
});

export const takeWrites = defineScript<
  readonly [lease: string, queue: string, unwritten: string],
  readonly [token: string, leaseMs: number, count: number, retryMs: number]
>('takeWrites', { keys: 3, arguments: 4 })((
  reply,
): { readonly waiting: number; readonly items: readonly TakenItem[] | 'busy' } => {
  const fields = list(reply);
  if (String(fields[0]) === 'busy') return { waiting: Number(fields[1]), items: 'busy' };
  const items: TakenItem[] = [];
  for (let at = 2; at + 3 < fields.length; at += 4) {
    const [id, key, deliveries, value] = fields.slice(at, at + 4);
    items.push({ id: String(id), key: String(key), deliveries: Number(deliveries), stored: storedWrite(value!) });
  }
  return { waiting: Number(fields[1]), items };
});

export const endWrites = defineScript<
  readonly [lease: string, queue: string, unwritten: string],
  readonly [token: string, leaseMs: number, writes: string]
>('endWrites', { keys: 3, arguments: 3 })(Number);

export const buryWrite = defineScript<
  readonly [lease: string, queue: string, unwritten: string, dead: string, deadKeys: string],
  readonly [token: string, id: string, key: string, position: string, note: string, maxDead: number]
>('buryWrite', { keys: 5, arguments: 6 })((reply) => String(reply) as 'buried' | 'superseded' | 'full' | 'lost');

export const findWrites = defineScript<readonly [unwritten: string], readonly [keys: string]>('findWrites', {
  keys: 1,
  arguments: 1,
})((reply): (StoredWrite | undefined)[] =>
  list(reply).map((value) => (Buffer.isBuffer(value) ? storedWrite(value) : undefined)),
);

export const deadWrites = defineScript<
  readonly [dead: string, unwritten: string],
  readonly [afterId: string, count: number]
>('deadWrites', { keys: 2, arguments: 2 })(
  (
    reply,
  ): {
    readonly total: number;
    readonly waiting: number;
    readonly items: readonly DeadItem[];
  } => {
    const fields = list(reply);
    const items: DeadItem[] = [];
    for (let at = 2; at + 3 < fields.length; at += 4) {
      const [id, key, value, note] = fields.slice(at, at + 4);
      items.push({ id: String(id), key: String(key), stored: storedWrite(value!), note: String(note) });
    }
    return { total: Number(fields[0]), waiting: Number(fields[1]), items };
  },
);

export const discardWrite = defineScript<readonly [dead: string, deadKeys: string], readonly [id: string]>(
  'discardWrite',
  { keys: 2, arguments: 1 },
)((reply) => reply === 1);

export const askProbe = defineScript<readonly [probes: string], readonly [question: string, most: number]>('askProbe', {
  keys: 1,
  arguments: 2,
})(String);

function appended(fields: readonly ScriptReply[]): AppendReply {
  const [epoch, position, nonce, boundMs, previous, previousNonce] = fields.map(String);
  return {
    epoch: epoch!,
    position: Number(position),
    nonce: nonce!,
    boundMs: Number(boundMs),
    previous: Number(previous),
    previousNonce: previousNonce!,
  };
}

/** A position in digits, a bar, and the bytes. */
function storedWrite(value: ScriptReply): StoredWrite {
  const bytes = value as Buffer;
  const bar = bytes.indexOf('|');
  return { position: Number(bytes.toString('latin1', 0, bar)), bytes: bytes.subarray(bar + 1) };
}

/** What a look into a filter of ids says. `digits`: one for each id, 0 when it certainly isn't there. */
export interface TestIdsReply {
  readonly digits: string | undefined;
  /** Why nobody can tell: there is no filter, another one, one of a server that isn't the one it was built on, one that lost a part, or a write that was begun and never ended. */
  readonly unknown: 'none' | 'other' | 'moved' | 'lost' | 'writing' | undefined;
  /** The filter in use; empty when there is none. */
  readonly live: string;
}

export const testIds = defineScript<
  readonly [state: string, writes: string, bitmap: string],
  readonly [generation: string, patienceMs: number, hashes: number, positions: string]
>('testIds', { keys: 3, arguments: 4 })((reply): TestIdsReply => {
  const [verdict, live] = list(reply).map(String);
  const isKnown = /^[01]+$/.test(verdict!);
  return {
    digits: isKnown ? verdict : undefined,
    unknown: isKnown ? undefined : (verdict as TestIdsReply['unknown']),
    live: live!,
  };
});

export interface MarkIdsReply {
  readonly marked: boolean;
  /** The filters there are now, empty where there is none. */
  readonly live: string;
  readonly building: string;
  /** Ids that were added to the one in use, some of them perhaps twice. */
  readonly liveIds: number;
  /** By the server's clock, epoch ms. */
  readonly builtAt: number;
}

export const markIds = defineScript<
  readonly [state: string, bitmap: string],
  readonly [generation: string, leaseMs: number, ids: number, positions: string]
>('markIds', { keys: 2, arguments: 4 })((reply): MarkIdsReply => {
  const [outcome, live, building, liveIds, builtAt] = list(reply).map(String);
  return {
    marked: outcome === 'marked',
    live: live!,
    building: building!,
    liveIds: Number(liveIds),
    builtAt: Number(builtAt),
  };
});

export const noteWrite = defineScript<readonly [writes: string], readonly [token: string, begins: number]>(
  'noteWrite',
  { keys: 1, arguments: 2 },
)((reply) => reply === 1);

export const prepareBitmap = defineScript<readonly [bitmap: string], readonly [bits: number, lifeMs: number]>(
  'prepareBitmap',
  { keys: 1, arguments: 2 },
)((reply) => reply === 1);

export const beginBuild = defineScript<readonly [state: string], readonly [generation: string, leaseMs: number]>(
  'beginBuild',
  { keys: 1, arguments: 2 },
)((reply) => {
  const [outcome, leftovers] = list(reply).map(String);
  return { begun: outcome === 'begun', leftovers: leftovers!.split(' ').filter((generation) => generation !== '') };
});

export const endBuild = defineScript<
  readonly [state: string, writes: string],
  readonly [generation: string, complete: number]
>('endBuild', { keys: 2, arguments: 2 })((reply) => {
  const [outcome, old] = list(reply).map(String);
  return { live: outcome === 'live', old: old! };
});

/** Who is there, as each said it so long ago, ms. */
export const noteProcess = defineScript<
  readonly [processes: string],
  readonly [id: string, note: string, lifeMs: number, asks: number]
>('noteProcess', { keys: 1, arguments: 4 })((reply): { id: string; ageMs: number; note: string }[] => {
  const fields = list(reply).map(String);
  return Array.from({ length: Math.floor(fields.length / 3) }, (_, index) => {
    const [id, ageMs, note] = fields.slice(3 * index, 3 * index + 3);
    return { id: id!, ageMs: Number(ageMs), note: note! };
  });
});

function list(reply: ScriptReply): readonly ScriptReply[] {
  if (Array.isArray(reply)) return reply as readonly ScriptReply[];
  throw new TypeError(`a script answered ${String(reply)} where a list was expected`);
}
