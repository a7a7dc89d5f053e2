import { CacheEntry } from '../entry/cache-entry.js';
import { decodeEntry } from '../entry/entry-codec.js';
import { readableTag } from '../entry/tags.js';
import type { CacheRegion } from '../flow/cache-region.js';
import type { EngineParts } from '../flow/engine-parts.js';
import { freshnessOf } from '../policy/freshness.js';
import { entryBytes } from '../tiers/memory-pool.js';
import type { Explanation } from './cache-status.js';

/** Why an entry is what it is, and the entry. */
export interface Inspection {
  readonly explanation: Explanation;
  /** `undefined` when no tier holds it, or what one holds can't be read. */
  readonly entry: CacheEntry | undefined;
}

/** Why an entry is what it is, as the first tier that has it tells. */
export async function explainEntry(parts: EngineParts, region: CacheRegion, key: string): Promise<Explanation> {
  return (await inspectEntry(parts, region, key)).explanation;
}

export async function inspectEntry(parts: EngineParts, region: CacheRegion, key: string): Promise<Inspection> {
  const about = { cache: region.name, key };
  const remembered = region.memory.find(key);
  if (remembered !== undefined) {
    const explanation: Explanation = {
      ...about,
      tier: 'memory',
      ...judge(parts, region, remembered),
      bytes: entryBytes(remembered),
    };
    return { explanation, entry: remembered };
  }
  const { shared, journal } = parts;
  const address = region.address(key);
  const bytes = await shared.get(address);
  if (bytes === undefined) {
    const explanation: Explanation = { ...about, tier: 'none', freshness: 'missing', reason: 'no tier holds it' };
    return { explanation, entry: undefined };
  }
  const decoded = decodeEntry(bytes, { address, clockOffsetMs: journal.clockOffsetMs }, region.form);
  if (!decoded.readable) {
    const reason = `what the shared store holds under its key can't be read: ${decoded.reason}`;
    const explanation: Explanation = {
      ...about,
      tier: 'shared',
      freshness: 'missing',
      reason,
      bytes: bytes.length,
    };
    return { explanation, entry: undefined };
  }
  const { header, payload } = decoded;
  const entry = new CacheEntry(key, header, { payload, bytes: 0, spare: undefined }, { sequence: 0 });
  const judged = judge(parts, region, entry);
  return { explanation: { ...about, tier: 'shared', ...judged, bytes: bytes.length }, entry };
}

function judge(
  parts: EngineParts,
  region: CacheRegion,
  { header, sequence, idleUntil }: CacheEntry,
): Omit<Explanation, 'cache' | 'key' | 'tier'> {
  const { journal, runtime } = parts;
  const { replica } = journal;
  const now = runtime.now();
  const { graceRevalidateMs, graceErrorMs } = region.options.read;
  const isIdle = now >= idleUntil;
  const freshness = freshnessOf(header, replica.judge(header, sequence), now, {
    strong: false,
    graceRevalidateMs,
    graceErrorMs,
    answersForMs: Number.POSITIVE_INFINITY,
    maxAgeMs: Number.POSITIVE_INFINITY,
  });
  const culprit = replica.explain(header, sequence);
  const invalidatedBy =
    culprit === undefined ? undefined : { tag: readableTag(culprit.tag), position: culprit.position };
  return {
    freshness: isIdle ? 'dead' : freshness,
    reason: isIdle ? 'nobody has read it for its `sliding`' : reasonOf(header, now, replica, invalidatedBy?.tag),
    ageMs: now - header.asOf,
    expiresInMs: Math.round(header.staleAt - now),
    position: header.position,
    epoch: header.epoch,
    tags: header.tags.map(readableTag),
    ...(invalidatedBy === undefined ? {} : { invalidatedBy }),
  };
}

function reasonOf(
  header: { readonly epoch: string; readonly position: number; readonly staleAt: number },
  now: number,
  replica: { readonly epoch: string; readonly floor: number },
  culprit: string | undefined,
): string {
  if (header.epoch !== replica.epoch) return 'it is from before the journal began anew';
  if (header.position < replica.floor) return 'it is older than the invalidations that are remembered';
  if (culprit !== undefined) return `it was invalidated through ${culprit}`;
  return now < header.staleAt ? 'nothing invalidated it and its time has not come' : 'it expired';
}
