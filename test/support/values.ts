import fc from 'fast-check';

const leaf = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  fc.double(),
  fc.integer(),
  fc.constantFrom(-0, NaN, Infinity, null, undefined, true, false, ''),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 20 }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.float64Array({ maxLength: 4 }),
  fc.bigInt64Array({ maxLength: 4 }),
  fc.constantFrom(/a/g, new URL('https://example.org/')),
);

const field = fc.oneof(
  fc.constantFrom('a', 'b', 'id', 'constructor', 'toString', 'then', 'length', '0', ''),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);

/** What a loader may return: all kinds of values, nested, without cycles. */
export const cacheable: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(field, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((items) => new Map(items)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
  ),
})).value;

/** The same, and things no cache can keep. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  cacheable,
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withUnicodeString: true,
    withSparseArray: true,
    withObjectString: true,
    maxDepth: 3,
  }),
);
