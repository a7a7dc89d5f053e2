import type { Attributes, SpanContext } from '@opentelemetry/api';
import type { CacheStatus } from '../../../lib/desk/cache-status.js';
import type { InvalidationResult } from '../../../lib/flow/outcome.js';
import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';
import type { SpanInTree } from '../spans.js';
import { ForkedProcess } from './forked-process.js';

/** A span that has ended, as it can be told to another process. */
interface ToldSpan {
  readonly name: string;
  /** Of whose making it is. */
  readonly scope: string;
  readonly attributes: Attributes;
  readonly own: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly links: readonly SpanContext[];
}

/** What a traced process can be told. Each request has a span, and so has what its loader does. */
export interface TracedCalls {
  open(options: CacheModuleOptions): Promise<void>;
  /** Requests of a key of `users`, all at once. */
  read(
    name: string,
    key: string,
    how?: { readonly callers?: number; readonly loadMs?: number; readonly value?: string },
  ): Promise<string[]>;
  invalidate(name: string, tags: readonly string[]): Promise<InvalidationResult>;
  tierOf(key: string): Promise<string>;
  status(): Promise<CacheStatus>;
  /** The spans so far. */
  forget(): Promise<void>;
  /** Those that have ended since. */
  spans(): Promise<ToldSpan[]>;
}

export type TracedSpan = ToldSpan & SpanInTree;

/** A process of its own with a traced cache in it. */
export class TracedCache extends ForkedProcess<TracedCalls> {
  static async start(options: CacheModuleOptions): Promise<TracedCache> {
    const made = new TracedCache(await this.fork('traced.process.ts'));
    await made.call('open', options);
    return made;
  }

  async spans(): Promise<TracedSpan[]> {
    const told = await this.call('spans');
    return told.map((span) => ({ ...span, spanContext: () => span.own, parentSpanContext: span.parent }));
  }
}
