import type { CacheRegion } from '../flow/cache-region.js';
import type { EngineParts } from '../flow/engine-parts.js';
import type { ServedEntry } from '../probe/consistency-probe.js';

/** What memory holds of these tags that a bounded read would be answered with now. */
export function* servedOf(
  tags: readonly string[],
  regions: Iterable<CacheRegion>,
  { journal, runtime, degraded }: EngineParts,
): Iterable<ServedEntry> {
  const wanted = new Set(tags);
  const { replica } = journal;
  const now = runtime.now();
  const isTrusted = replica.trusts(now);
  for (const region of regions) {
    if (region.options.read.strong) continue;
    for (const entry of region.memory.values()) {
      const { header } = entry;
      if (now >= header.staleAt || now >= entry.idleUntil || !header.tags.some((tag) => wanted.has(tag))) continue;
      // while it isn't trusted a read asks first, and is answered like this where Redis is away
      if (!isTrusted && now - header.asOf >= degraded.answersForMs) continue;
      if (replica.judge(header, entry.sequence) === 'fresh') yield { cache: region.name, entry };
    }
  }
}
