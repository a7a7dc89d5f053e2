import { Controller, Get, Inject, Res, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { NoCache } from '../decorators/no-cache.decorator.js';
import type { CacheMetrics } from './cache-metrics.js';

/** The route that Prometheus scrapes. A class for each, because a path belongs to one. */
export function createMetricsController(path: string, token: symbol): Type {
  class CacheMetricsController {
    constructor(
      private readonly metrics: CacheMetrics,
      private readonly host: HttpAdapterHost,
    ) {}

    async scrape(response: unknown): Promise<string> {
      this.host.httpAdapter.setHeader(response, 'Content-Type', this.metrics.contentType);
      return this.metrics.text();
    }
  }
  const { prototype } = CacheMetricsController;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'scrape')!;
  Inject(token)(CacheMetricsController, undefined, 0);
  Inject(HttpAdapterHost)(CacheMetricsController, undefined, 1);
  Controller({ version: VERSION_NEUTRAL })(CacheMetricsController);
  for (const decorate of [Get(path), NoCache()]) decorate(prototype, 'scrape', descriptor);
  Res({ passthrough: true })(prototype, 'scrape', 0);
  return CacheMetricsController;
}
