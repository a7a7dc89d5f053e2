import { sfInteger, sfList, sfParameters, sfTokenOrString } from './structured-fields.js';

export interface CacheStatusParts {
  /** Which cache this is. */
  readonly name: string;
  readonly outcome: 'l1' | 'l2' | 'stale' | 'loaded' | 'joined' | 'bypass';
  /** Until the entry expires, ms; negative when it has. */
  readonly ttlMs?: number | undefined;
  /** Why it went to the handler, where more is known than that nothing was there. */
  readonly fwd?: 'uri-miss' | 'vary-miss' | 'stale' | 'request' | undefined;
  /** Whether what the handler answered was stored. */
  readonly stored?: boolean | undefined;
  /** By itself it is the tier that answered. */
  readonly detail?: string | undefined;
}

const TIERS: Readonly<Partial<Record<CacheStatusParts['outcome'], string>>> = { l1: 'memory', l2: 'shared' };

/** Our member of `Cache-Status`. https://www.rfc-editor.org/rfc/rfc9211#section-2 */
export function cacheStatus(parts: CacheStatusParts): string {
  const { outcome, ttlMs } = parts;
  const isForwarded = outcome === 'loaded' || outcome === 'joined' || outcome === 'bypass';
  const detail = parts.detail ?? TIERS[outcome];
  return (
    sfTokenOrString(parts.name) +
    sfParameters({
      hit: isForwarded ? undefined : true,
      fwd: isForwarded ? (outcome === 'bypass' ? 'bypass' : (parts.fwd ?? 'miss')) : undefined,
      ttl: ttlMs === undefined ? undefined : sfInteger(Math.floor(ttlMs / 1_000)),
      stored: isForwarded ? parts.stored : undefined,
      collapsed: outcome === 'joined' ? true : undefined,
      detail: detail === undefined ? undefined : sfTokenOrString(detail),
    })
  );
}

/** Behind what caches nearer to the origin have said. */
export const appendCacheStatus = (field: string | undefined, member: string): string =>
  field === undefined || field.trim() === '' ? member : sfList([field, member]);
