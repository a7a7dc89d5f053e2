import type { Context, Link, Span, SpanContext, SpanStatusCode, Tracer } from '@opentelemetry/api';
import type { CacheSpan, CacheTracer, SpanAttributes, SpanName, SpanReference } from '../cache.tracing.js';

type Api = typeof import('@opentelemetry/api');

/** In a context without a span: what the work inside is done for. */
const CAUSE = Symbol.for('nestjs-hybrid-cache:cause');

/** Spans of OpenTelemetry for what a cache does. */
export class OpenTelemetryTracer implements CacheTracer {
  constructor(
    private readonly api: Api,
    private readonly tracer: Tracer,
  ) {}

  span<T>(name: SpanName, attributes: SpanAttributes, run: (span: CacheSpan) => Promise<T>): Promise<T> {
    const options = { attributes, links: this.#causes(this.api.context.active()) };
    return this.tracer.startActiveSpan(name, options, async (span) => {
      const traced = new TracedWork(span, this.api.SpanStatusCode.ERROR);
      try {
        return await run(traced);
      } catch (error) {
        traced.failed(error);
        throw error;
      } finally {
        span.end();
      }
    });
  }

  detached<T>(run: () => T): T {
    const { context, trace, ROOT_CONTEXT } = this.api;
    const cause = trace.getSpanContext(context.active()) ?? context.active().getValue(CAUSE);
    return context.with(cause === undefined ? ROOT_CONTEXT : ROOT_CONTEXT.setValue(CAUSE, cause), run);
  }

  link(other: SpanReference | undefined): void {
    if (other !== undefined) this.api.trace.getActiveSpan()?.addLink({ context: other as SpanContext });
  }

  carry(): string | undefined {
    const span = this.api.trace.getActiveSpan();
    if (span?.isRecording() !== true) return undefined;
    const { traceId, spanId, traceFlags } = span.spanContext();
    const isSampled = (traceFlags & this.api.TraceFlags.SAMPLED) !== 0;
    return isSampled ? `00-${traceId}-${spanId}-01` : undefined;
  }

  arrived(carried: readonly string[], attributes: SpanAttributes): void {
    const links = carried.flatMap((text) => this.#read(text));
    if (links.length === 0) return;
    const options = { attributes, links, root: true };
    this.tracer.startSpan('cache.invalidation.applied' satisfies SpanName, options).end();
  }

  #causes(context: Context): Link[] {
    if (this.api.trace.getSpan(context) !== undefined) return [];
    const cause = context.getValue(CAUSE);
    return cause === undefined ? [] : [{ context: cause as SpanContext }];
  }

  /** https://www.w3.org/TR/trace-context/#traceparent-header-field-values */
  #read(carried: string): Link[] {
    const [, traceId, spanId] = /^00-([\da-f]{32})-([\da-f]{16})-01$/.exec(carried) ?? [];
    if (traceId === undefined) return [];
    const context = { traceId, spanId: spanId!, traceFlags: this.api.TraceFlags.SAMPLED, isRemote: true };
    return this.api.isSpanContextValid(context) ? [{ context }] : [];
  }
}

class TracedWork implements CacheSpan {
  constructor(
    private readonly span: Span,
    private readonly errorCode: SpanStatusCode,
  ) {}

  get reference(): SpanContext {
    return this.span.spanContext();
  }

  set(attributes: SpanAttributes): void {
    this.span.setAttributes(attributes);
  }

  /** By its class alone: messages may say what nobody should read. */
  failed(error: unknown): void {
    const type = error instanceof Error ? error.name : typeof error;
    this.span.setAttribute('error.type', type);
    this.span.setStatus({ code: this.errorCode });
  }
}
