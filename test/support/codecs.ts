import { TypeRegistry, type CacheableType } from '../../lib/entry/cacheable-types.js';
import { msgpackSerializer } from '../../lib/entry/serializers.js';
import { ValueCodec, type ValueCodecOptions } from '../../lib/entry/value-codec.js';

/** A codec with the defaults of a cache, but for what a test is about. */
export function codecWith(options: Partial<ValueCodecOptions> & { types?: readonly CacheableType[] } = {}): ValueCodec {
  const { types = [], ...others } = options;
  const registry = new TypeRegistry(types);
  return new ValueCodec({
    isolation: 'copy',
    serializer: msgpackSerializer(registry, false),
    errorSerializer: msgpackSerializer(registry, true),
    validate: undefined,
    maxValueBytes: 1024 ** 2,
    keepsTooLarge: false,
    needsBytes: true,
    isKept: true,
    ...others,
  });
}
