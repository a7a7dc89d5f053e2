import { HttpException } from '@nestjs/common';
import type { CacheModuleOptions } from 'nestjs-hybrid-cache';

/** A service that is gone or broken, as opposed to one that says "there is no such product". */
const isOutage = (error: unknown): boolean => !(error instanceof HttpException) || error.getStatus() >= 500;

export const cacheOptions: CacheModuleOptions = {
  namespace: 'shop',
  ttl: '5m',
  grace: { revalidate: '30s', error: '1h', when: isOutage },
  isolation: 'frozen', // pages are only ever written out as JSON, so all callers may share one value
  caches: {
    showcase: {},
    products: { ttl: '10m' },
    related: { ttl: '10m' },
    bestsellers: { ttl: '10m' },
    views: {},
    viewCounters: {},
    reviews: {},
    stock: { ttl: '1m' },
    profiles: { ttl: '10m' },
    statements: {},
  },
};
