import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CacheSerializationError } from '../../../lib/cache.errors.js';
import { TypeRegistry } from '../../../lib/entry/cacheable-types.js';
import { jsonSerializer, msgpackSerializer, type Serializer } from '../../../lib/entry/serializers.js';
import { isSame } from '../../support/same.js';
import { anything, cacheable } from '../../support/values.js';

const msgpack = msgpackSerializer(new TypeRegistry([]), false);
const json = jsonSerializer(false);

const encoded = (serializer: Serializer, value: unknown): Uint8Array | undefined => {
  try {
    return serializer.encode(value);
  } catch (error) {
    if (error instanceof CacheSerializationError) return undefined;
    throw error;
  }
};

describe('the msgpack serializer', () => {
  it('keeps every kind of value it says it keeps', () => {
    fc.assert(
      fc.property(cacheable, (value) => {
        const copy = msgpack.decode(msgpack.encode(value));
        expect(isSame(copy, value)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps anything as it is, or refuses it', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const bytes = encoded(msgpack, value);
        expect(bytes === undefined || isSame(msgpack.decode(bytes), value)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** The two things JSON may change, done by hand. */
const asJsonMay = (value: unknown): unknown => {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(asJsonMay);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(kept.map(([field, item]) => [field, asJsonMay(item)]));
};

describe('the json serializer', () => {
  it('keeps anything but undefined fields and -0 as it is, or refuses it', () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.jsonValue()), (value) => {
        const bytes = encoded(json, value);
        expect(bytes === undefined || isDeepStrictEqual(json.decode(bytes), asJsonMay(value))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
