import { defineScript, type ScriptReply } from './script.js';

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

export const releaseLock = defineScript<readonly [lock: string], readonly [token: string]>('releaseLock', {
  keys: 1,
  arguments: 1,
})((reply) => reply === 1);

export const renewLock = defineScript<readonly [lock: string], readonly [token: string, lifeMs: number]>('renewLock', {
  keys: 1,
  arguments: 2,
})((reply) => reply === 1);

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

function list(reply: ScriptReply): readonly ScriptReply[] {
  if (Array.isArray(reply)) return reply as readonly ScriptReply[];
  throw new TypeError(`a script answered ${String(reply)} where a list was expected`);
}
