import { softTag } from '../entry/tags.js';
import type { AppendReceipt } from '../journal/journal.interface.js';
import type { Timer } from '../cache.runtime.js';
import type { EngineParts } from './engine-parts.js';
import type { InvalidationResult } from './outcome.js';
import { currentScope, openTransaction, surroundingTransaction, Transaction, withScope } from './scope.js';

export interface InvalidationRequest {
  /** With the prefix of their kind. */
  readonly tags: readonly string[];
  /** `hard`: never served again. `soft`: as good as just expired. */
  readonly mode: 'hard' | 'soft';
  /** Resolve only when no process can answer with the old value any more. */
  readonly settled: boolean;
  /** A second record after this many ms, for sources whose replicas lag; 0: none. */
  readonly againMs: number;
  /** Ends the waiting of `settled`. */
  readonly signal?: AbortSignal | undefined;
}

/** Added to the bound that `settled` waits for, because timers and clocks aren't exact. */
const SETTLE_MARGIN_MS = 50;

/** Invalidations: at once, or collected until a transaction is committed. */
export class InvalidateFlow {
  /** Told of what is in the journal. */
  probe: { sample(tags: readonly string[], receipt: AppendReceipt): void } | undefined;
  readonly #again = new Map<Timer, readonly string[]>();

  constructor(private readonly parts: EngineParts) {}

  async invalidate(request: InvalidationRequest): Promise<InvalidationResult> {
    const tags = request.mode === 'soft' ? request.tags.map(softTag) : request.tags;
    if (request.againMs > 0) this.#announceAgain(tags, request.againMs);
    const receipt = await this.announce(tags);
    if (request.settled && request.mode === 'hard') await this.#settled(receipt, request.signal);
    if (receipt.status === 'applied') {
      const { position, replicated } = receipt;
      return { status: 'applied', position, ...(replicated === undefined ? {} : { replicated }) };
    }
    return { status: receipt.status };
  }

  /** A record in the journal, or in the surrounding transaction's list. */
  async announce(tags: readonly string[]): Promise<AppendReceipt | { readonly status: 'deferred' }> {
    currentScope()?.witness?.(tags);
    const transaction = openTransaction(this.parts.journal.replica);
    if (transaction !== undefined) {
      transaction.collect(tags);
      return { status: 'deferred' };
    }
    if (tags.length === 0) return this.#nothing();
    const receipt = await this.#traced(tags);
    this.parts.emit({ type: 'invalidation', status: receipt.status });
    return receipt;
  }

  #traced(tags: readonly string[]): Promise<AppendReceipt> {
    const { tracer } = this.parts.tracing;
    if (tracer === undefined) return this.#append(tags);
    return tracer.span('cache.invalidate', { 'cache.tags': tags.length }, async (span) => {
      const receipt = await this.#append(tags, tracer.carry());
      span.set({ 'cache.invalidation.status': receipt.status });
      if (receipt.status === 'applied')
        span.set({ 'cache.journal.epoch': receipt.epoch, 'cache.journal.position': receipt.position });
      return receipt;
    });
  }

  async #append(tags: readonly string[], trace?: string): Promise<AppendReceipt> {
    const { journal, edge } = this.parts;
    const receipt = await journal.append(tags, trace);
    this.probe?.sample(tags, receipt);
    if (receipt.status === 'applied') edge.purge(tags, receipt.fleetStalenessMs);
    else void receipt.appended.then(({ fleetStalenessMs }) => edge.purge(tags, fleetStalenessMs));
    return receipt;
  }

  #nothing(): AppendReceipt {
    const { epoch, applied } = this.parts.journal.replica;
    return { status: 'applied', epoch, position: applied, fleetStalenessMs: 0 };
  }

  /** Whether a value that turns up here may be one that was never committed. */
  isInTransaction(): boolean {
    return surroundingTransaction(this.parts.journal.replica) !== undefined;
  }

  /** Invalidations inside `run` are sent when it resolves, as one record, and dropped when it throws. */
  async afterCommit<T>(run: () => Promise<T> | T): Promise<T> {
    const outer = currentScope()?.transaction;
    const transaction = new Transaction(this.parts.journal.replica, outer);
    let value: T;
    try {
      value = await withScope({ transaction }, async () => run());
    } finally {
      transaction.ended = true;
    }
    // back in the outer scope: inside another transaction of ours, that one decides
    for (const { tags, afterMs } of transaction.again) this.#announceAgain(tags, afterMs);
    if (transaction.tags.size > 0) await this.announce([...transaction.tags]);
    for (const run of transaction.afterwards) this.whenCommitted(run);
    return value;
  }

  /**
   * Runs it when the surrounding transaction is committed, after its invalidations; at once where there is none.
   * @returns whether there is one
   */
  whenCommitted(run: () => void): boolean {
    const transaction = openTransaction(this.parts.journal.replica);
    if (transaction === undefined) run();
    else transaction.afterwards.push(run);
    return transaction !== undefined;
  }

  /** Sends at once what was to be sent again later. */
  async close(): Promise<void> {
    const outstanding = [...this.#again];
    this.#again.clear();
    await Promise.all(
      outstanding.map(([timer, tags]) => {
        timer.cancel();
        return this.#append(tags);
      }),
    );
  }

  #announceAgain(tags: readonly string[], afterMs: number): void {
    const transaction = openTransaction(this.parts.journal.replica);
    if (transaction === undefined) this.#appendAgain(tags, afterMs);
    else transaction.again.push({ tags, afterMs });
  }

  #appendAgain(tags: readonly string[], afterMs: number): void {
    const timer = this.parts.runtime.after(
      afterMs,
      () => {
        this.#again.delete(timer);
        this.parts.background.add(this.#append(tags));
      },
      { background: true },
    );
    this.#again.set(timer, tags);
  }

  async #settled(
    receipt: AppendReceipt | { readonly status: 'deferred' },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (receipt.status === 'deferred') return;
    if (signal?.aborted === true) return;
    let giveUp = (): void => undefined;
    let timer: Timer | undefined;
    const given = new Promise<undefined>((resolve) => (giveUp = () => resolve(undefined)));
    signal?.addEventListener('abort', giveUp);
    try {
      const appended = receipt.status === 'applied' ? receipt : await Promise.race([receipt.appended, given]);
      if (appended === undefined || appended.fleetStalenessMs === 0) return;
      const waited = new Promise<void>((resolve) => {
        timer = this.parts.runtime.after(appended.fleetStalenessMs + SETTLE_MARGIN_MS, resolve);
      });
      await Promise.race([waited, given]);
    } finally {
      timer?.cancel();
      signal?.removeEventListener('abort', giveUp);
    }
  }
}
