import { Inject } from '@nestjs/common';
import { noteInjectedCache } from '../bindings/metadata.accessor.js';
import { DEFAULT_REGISTRATION, getCacheToken } from '../cache.constants.js';
import type { CacheName } from '../desk/cache-names.js';

/**
 * Injects one named cache.
 *
 * @example constructor(@InjectCache('users') private readonly users: Cache<User>) {}
 */
export function InjectCache(name: CacheName, registration: string = DEFAULT_REGISTRATION) {
  return (target: object, propertyKey: string | symbol | undefined, index?: number): void => {
    noteInjectedCache(propertyKey === undefined ? target : target.constructor, { name, registration });
    Inject(getCacheToken(name, registration))(target, propertyKey, index!);
  };
}
