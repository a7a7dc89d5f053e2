export type SpanName =
  /** A read that memory alone couldn't answer at once; of one key, or of a batch. */
  | 'cache.read'
  /** The loader. */
  | 'cache.load'
  /** A command for entries in the shared store. */
  | 'cache.shared'
  | 'cache.invalidate'
  /** A record of another process has been applied here. */
  | 'cache.invalidation.applied';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A span of somebody's, to point to. What it is, only the tracer knows. */
export type SpanReference = object;

/** A piece of work while it is being traced. */
export interface CacheSpan {
  readonly reference: SpanReference;
  set(attributes: SpanAttributes): void;
  failed(error: unknown): void;
}

/** Where work is traced. */
export interface CacheTracer {
  /** Runs it inside a span of its own, which ends when its result settles. What `run` throws or rejects with is a failure. */
  span<T>(name: SpanName, attributes: SpanAttributes, run: (span: CacheSpan) => Promise<T>): Promise<T>;
  /** Runs it as if nobody had called; spans inside are linked to the one around this call, and have no parent. */
  detached<T>(run: () => T): T;
  /** The span around this call has waited for another one. */
  link(other: SpanReference | undefined): void;
  /** The span around this call as a text that another process can point to; `undefined` when nobody will see it. */
  carry(): string | undefined;
  /** What other processes carried here has arrived. */
  arrived(carried: readonly string[], attributes: SpanAttributes): void;
}

/** Where the tracer is, if there is one: it may come after everything else. */
export class Tracing {
  tracer: CacheTracer | undefined = undefined;

  /** Work in the background: linked to what it is done for, not a part of it. */
  detached<T>(run: () => T): T {
    return this.tracer === undefined ? run() : this.tracer.detached(run);
  }
}
