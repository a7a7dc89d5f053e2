import { ConfigurableModuleBuilder } from '@nestjs/common';
import { DEFAULT_REGISTRATION } from '../cache.constants.js';
import type { CacheEventsOptions } from './events-options.interface.js';

/** What shapes the module itself, and so has to be known before any factory runs. */
export interface CacheEventsExtras {
  /** Whether every module can inject `CacheEvents` without importing it. Default true. */
  readonly isGlobal?: boolean;
  /** The registration of `CacheModule` whose caches let go. Default `default`. */
  readonly registration?: string;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CacheEventsOptions>({
    optionsInjectionToken: Symbol.for('nestjs-hybrid-cache:events:options'),
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCacheEventsOptions')
    .setExtras<CacheEventsExtras>(
      { isGlobal: true, registration: DEFAULT_REGISTRATION },
      (definition, { isGlobal }) => ({
        ...definition,
        global: isGlobal ?? true,
      }),
    )
    .build();
