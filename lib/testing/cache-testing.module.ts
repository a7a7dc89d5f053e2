import { Module, type DynamicModule } from '@nestjs/common';
import { CacheModule } from '../cache.module.js';
import type { CacheModuleExtras } from '../cache.module-definition.js';
import type { CacheModuleOptions } from '../options/cache-options.interface.js';
import { TestClock } from './test-clock.js';

/**
 * The cache for tests: in memory, with a clock that is moved by hand, and without jitter or chance, so that what
 * expires does so at the millisecond. `TestClock` can be injected.
 */
@Module({})
export class CacheTestingModule {
  static forRoot(
    options: CacheModuleOptions & CacheModuleExtras = {},
    clock: TestClock = new TestClock(),
  ): DynamicModule {
    return {
      module: CacheTestingModule,
      global: true,
      imports: [CacheModule.forRoot({ jitter: 0, earlyRefresh: false, ...options, runtime: clock })],
      providers: [{ provide: TestClock, useValue: clock }],
      exports: [TestClock],
    };
  }
}
