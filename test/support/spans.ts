import type { SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

/** What a tree says of a span. */
export interface SpanInTree extends Pick<ReadableSpan, 'name' | 'attributes' | 'spanContext'> {
  readonly parentSpanContext?: SpanContext | undefined;
}

/** Each trace as a text, in alphabetical order, as children are: `parent > (child, child)`; reads say how they ended. */
export function treesOf(spans: readonly SpanInTree[]): string[] {
  const textOf = (span: SpanInTree): string => {
    const { spanId } = span.spanContext();
    const inside = spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === spanId).map(textOf);
    const said = [span.name, span.attributes['cache.outcome'], span.attributes['cache.command']];
    const name = said.filter((word) => word !== undefined).join(' ');
    return inside.length === 0 ? name : `${name} > (${inside.sort(byText).join(', ')})`;
  };
  const roots = spans.filter(({ parentSpanContext }) => parentSpanContext === undefined);
  return roots.map(textOf).sort(byText);
}

export const byText = (a: string, b: string): number => (a < b ? -1 : 1);
