import { SetMetadata } from '@nestjs/common';
import { NO_CACHE_METADATA } from '../cache.constants.js';

/**
 * A handler, or all of a controller, whose answers aren't cached although `CacheInterceptor` is applied to everything.
 *
 * @example
 * \@Get('now')
 * \@NoCache()
 * now() { return new Date(); }
 */
export const NoCache = (): ClassDecorator & MethodDecorator =>
  SetMetadata(NO_CACHE_METADATA, true) as ClassDecorator & MethodDecorator;
