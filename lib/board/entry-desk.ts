import { inspect } from 'node:util';
import type { CacheEngine } from '../desk/cache-engine.js';
import type { Explanation } from '../desk/cache-status.js';
import type { Inspection } from '../desk/explain-entry.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { boundedKey, storedNumber } from '../entry/key-encoding.js';
import { readableTag, softTag } from '../entry/tags.js';
import type { CacheRegion } from '../flow/cache-region.js';

/** All that can be said of one entry. */
export interface ShownEntry {
  readonly explanation: Explanation;
  /** What this process knows of the journal. */
  readonly journal: { readonly epoch: string; readonly applied: number; readonly floor: number };
  /** Of each tag of the entry, the position of its last record; 0: none that is remembered. */
  readonly tags: readonly { readonly tag: string; readonly last: number; readonly lastSoft: number }[];
  readonly times: Readonly<Record<'asOf' | 'staleAt' | 'graceUntil' | 'costMs', number>> | undefined;
  readonly kind: string | undefined;
  /** `undefined` unless values are shown. */
  readonly value: string | undefined;
}

const SHOWN_VALUE = 10_000;
const SHOWN_TAGS = 64;

/** Looks at one entry without counting as a read. */
export class EntryDesk {
  constructor(
    private readonly engine: CacheEngine,
    private readonly showValues: boolean,
  ) {}

  has(cache: string): boolean {
    return this.engine.desks.has(cache);
  }

  /** @param key as somebody typed it, or as it is stored. @throws CacheConfigurationError when there is no such cache */
  async show(cache: string, key: string): Promise<ShownEntry> {
    const { region } = this.engine.deskOf(cache);
    const { explanation, entry } = await this.#find(region, key);
    const { replica } = this.engine.parts.journal;
    const tags = (entry?.header.tags ?? []).slice(0, SHOWN_TAGS);
    return {
      explanation: { ...explanation, ...(explanation.tags && { tags: explanation.tags.slice(0, SHOWN_TAGS) }) },
      journal: { epoch: replica.epoch, applied: replica.applied, floor: replica.floor },
      tags: tags.map((tag) => ({
        tag: readableTag(tag),
        last: replica.lastRecordOf([tag]),
        lastSoft: replica.lastRecordOf([softTag(tag)]),
      })),
      times: entry && timesOf(entry),
      kind: entry?.header.kind,
      value: this.showValues && entry !== undefined ? shown(region, entry) : undefined,
    };
  }

  /** The key as it is stored, for what somebody typed: texts stand for themselves, and what begins with `#` is stored so. */
  stored(cache: string, key: string): string {
    return boundedKey(key, this.engine.deskOf(cache).region.options.maxKeyBytes);
  }

  /** Of a method that is called with a number, 7 is stored as #n7. */
  async #find(region: CacheRegion, key: string): Promise<Inspection> {
    const found = await this.engine.inspect(region, this.stored(region.name, key));
    if (found.explanation.tier !== 'none' || !/^-?\d{1,15}(\.\d{1,15})?$/.test(key)) return found;
    const asNumber = await this.engine.inspect(region, storedNumber(Number(key)) || key);
    return asNumber.explanation.tier === 'none' ? found : asNumber;
  }
}

const timesOf = ({ header: { asOf, staleAt, graceUntil, costMs } }: CacheEntry): ShownEntry['times'] => ({
  asOf,
  staleAt,
  graceUntil,
  costMs: Math.round(costMs * 10) / 10,
});

function shown({ codec }: CacheRegion, { header, content }: CacheEntry): string {
  try {
    const value = header.kind === 'error' ? codec.openError(content) : codec.open(content);
    const limits = { depth: 8, maxArrayLength: 100, maxStringLength: 2_000, breakLength: 100, customInspect: false };
    const text = inspect(value, limits);
    return text.length > SHOWN_VALUE ? `${text.slice(0, SHOWN_VALUE)}…` : text;
  } catch (error) {
    return `it can't be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
