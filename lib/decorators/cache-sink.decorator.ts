import { addSink } from '../bindings/metadata.accessor.js';
import { DEFAULT_REGISTRATION } from '../cache.constants.js';
import type { CacheName } from '../desk/cache-names.js';
import type { WriteSink } from '../write-behind/write-sink.interface.js';

/**
 * Makes a provider the sink of a cache that is written behind. It has to be a singleton; a cache has one sink.
 *
 * @example
 * \@Injectable()
 * \@CacheSink('views')
 * export class ViewsSink implements WriteSink<Views> { … }
 */
export function CacheSink(cache: CacheName, registration: string = DEFAULT_REGISTRATION) {
  return (target: abstract new (...args: never[]) => WriteSink<never>): void =>
    addSink(target, { cache, registration });
}
