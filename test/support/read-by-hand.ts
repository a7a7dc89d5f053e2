import { MetricReader, type CollectionResult } from '@opentelemetry/sdk-metrics';

/** Collects when it is told to. */
export class ReadByHand extends MetricReader {
  protected override onShutdown = async (): Promise<void> => undefined;
  protected override onForceFlush = async (): Promise<void> => undefined;
}

/** What an instrument says, of exactly these attributes; `undefined` when it says nothing of them. */
export const pointsOf =
  ({ resourceMetrics }: CollectionResult) =>
  (name: string, attributes: Readonly<Record<string, string>>): unknown => {
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const points = all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
    return points.find((point) => JSON.stringify(sorted(point.attributes)) === JSON.stringify(sorted(attributes)))
      ?.value;
  };

const sorted = (attributes: object): unknown[] => Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
