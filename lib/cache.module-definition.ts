import { ConfigurableModuleBuilder } from '@nestjs/common';
import { DEFAULT_REGISTRATION } from './cache.constants.js';
import type { CacheModuleOptions } from './options/cache-options.interface.js';

/** What shapes the module itself, and so has to be known before any factory runs. */
export interface CacheModuleExtras {
  /** Whether every module sees the cache without importing it. Default true. */
  readonly isGlobal?: boolean;
  /** A name, for a second cache in one application. Default `default`. */
  readonly registration?: string;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CacheModuleOptions>({
    // the token the builder would choose is the same text as that of @nestjs/cache-manager
    optionsInjectionToken: Symbol.for('nestjs-hybrid-cache:options'),
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCacheOptions')
    .setExtras<CacheModuleExtras>(
      { isGlobal: true, registration: DEFAULT_REGISTRATION },
      (definition, { isGlobal }) => ({
        ...definition,
        global: isGlobal ?? true,
      }),
    )
    .build();
