import type { SpanAttributes, Tracing } from '../cache.tracing.js';
import type { EntryAddress } from '../entry/entry-address.js';
import type { SharedTier, SharedTierStatus, StoredEntry } from './tier.interface.js';

/**
 * A shared tier whose commands have spans while there is a tracer: those somebody waits for inside the span of the read,
 * the others linked to it.
 */
export class TracedTier implements SharedTier {
  constructor(
    private readonly inner: SharedTier,
    private readonly tracing: Tracing,
  ) {}

  get present(): boolean {
    return this.inner.present;
  }

  get isReachable(): boolean {
    return this.inner.isReachable;
  }

  status(): SharedTierStatus | undefined {
    return this.inner.status?.();
  }

  get(address: EntryAddress): Promise<Buffer | undefined> {
    const { tracer } = this.tracing;
    if (tracer === undefined) return this.inner.get(address);
    return tracer.span('cache.shared', about(address, 'get'), async (span) => {
      const found = await this.inner.get(address);
      span.set({ 'cache.found': Number(found !== undefined), 'cache.bytes': found?.length ?? 0 });
      return found;
    });
  }

  getMany(addresses: readonly EntryAddress[]): Promise<(Buffer | undefined)[]> {
    const { tracer } = this.tracing;
    if (tracer === undefined || addresses.length === 0) return this.inner.getMany(addresses);
    return tracer.span('cache.shared', about(addresses[0]!, 'get', addresses.length), async (span) => {
      const found = await this.inner.getMany(addresses);
      span.set({ 'cache.found': found.filter((bytes) => bytes !== undefined).length });
      return found;
    });
  }

  set(address: EntryAddress, bytes: Buffer, ttlMs: number): Promise<void> {
    return this.#detached(about(address, 'set'), () => this.inner.set(address, bytes, ttlMs));
  }

  setMany(entries: readonly StoredEntry[]): Promise<void> {
    const [first] = entries;
    if (first === undefined) return this.inner.setMany(entries);
    return this.#detached(about(first.address, 'set', entries.length), () => this.inner.setMany(entries));
  }

  prolong(address: EntryAddress, ttlMs: number): Promise<void> {
    return this.#detached(about(address, 'prolong'), () => this.inner.prolong(address, ttlMs));
  }

  delete(address: EntryAddress): Promise<void> {
    return this.#detached(about(address, 'delete'), () => this.inner.delete(address));
  }

  #detached(attributes: SpanAttributes, run: () => Promise<void>): Promise<void> {
    const { tracer } = this.tracing;
    return tracer === undefined ? run() : tracer.detached(() => tracer.span('cache.shared', attributes, run));
  }
}

const about = ({ cache }: EntryAddress, command: string, keys = 1): SpanAttributes => ({
  'cache.name': cache,
  'cache.tier': 'shared',
  'cache.command': command,
  'cache.keys': keys,
});
