import { ConfigurableModuleBuilder } from '@nestjs/common';
import { DEFAULT_REGISTRATION } from '../cache.constants.js';
import type { CacheBoardOptions } from './board-options.interface.js';

/** What shapes the module itself, and so has to be known before any factory runs. */
export interface CacheBoardExtras {
  /** The registration of `CacheModule` that the board shows. Default `default`. */
  readonly registration?: string;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CacheBoardOptions>({
    optionsInjectionToken: Symbol.for('nestjs-hybrid-cache:board:options'),
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCacheBoardOptions')
    .setExtras<CacheBoardExtras>({ registration: DEFAULT_REGISTRATION }, (definition) => definition)
    .build();
