import { CacheEntry } from '../entry/cache-entry.js';
import { decodeEntry } from '../entry/entry-codec.js';
import { readableTag } from '../entry/tags.js';
import type { CacheRegion } from '../flow/cache-region.js';
import type { EngineParts } from '../flow/engine-parts.js';
import { freshnessOf } from '../policy/freshness.js';
import type { Explanation } from './cache-status.js';

/** Why an entry is what it is, as the first tier that has it tells. */
export async function explainEntry(parts: EngineParts, region: CacheRegion, key: string): Promise<Explanation> {
  const about = { cache: region.name, key };
  const remembered = region.memory.find(key);
  if (remembered !== undefined) return { ...about, tier: 'memory', ...judge(parts, region, remembered) };
  const { shared, journal } = parts;
  const address = region.address(key);
  const bytes = await shared.get(address);
  if (bytes === undefined) return { ...about, tier: 'none', freshness: 'missing', reason: 'no tier holds it' };
  const decoded = decodeEntry(bytes, { address, clockOffsetMs: journal.clockOffsetMs }, region.form);
  if (!decoded.readable) {
    const reason = `what the shared store holds under its key can't be read: ${decoded.reason}`;
    return { ...about, tier: 'shared', freshness: 'missing', reason };
  }
  const entry = new CacheEntry(
    key,
    decoded.header,
    { payload: decoded.payload, bytes: 0, spare: undefined },
    { sequence: 0 },
  );
  return { ...about, tier: 'shared', ...judge(parts, region, entry) };
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
