import fc from 'fast-check';

/** Texts that look like what an encoder might put between values, among ordinary ones. */
const text = fc.oneof(
  fc.constantFrom(
    '',
    '#',
    '##',
    '#n1',
    '#a',
    '1',
    'n1;',
    's1:a',
    'a,b',
    ':',
    ';',
    '[',
    ']',
    '{}',
    'true',
    'null',
    '\ud800',
    '\u0000',
    'ä',
    '😀',
  ),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);

const number = fc.oneof(fc.constantFrom(0, -0, 1, -1, NaN, Infinity, -Infinity, 1e21, 0.1), fc.integer(), fc.double());

const leaf = fc.oneof(
  text,
  number,
  fc.bigInt({ min: -5n, max: 5n }),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.date({ min: new Date(0), max: new Date(3), noInvalidDate: false }),
  fc.uint8Array({ maxLength: 2 }).map((bytes) => Buffer.from(bytes)),
  fc.uint8Array({ maxLength: 2 }),
  fc.constantFrom(/a/, /a/g, /b/, new URL('https://a.example/'), new URL('https://b.example/')),
);

/** One argument of a cached method: small, so that two of them are often nearly the same. */
export const argument: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '', 's1:a'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
    fc.array(fc.tuple(leaf, tie('value')), { maxLength: 2 }).map((items) => new Map(items)),
    fc.array(leaf, { maxLength: 2 }).map((items) => new Set(items)),
  ),
})).value;

/** The arguments of one call. */
export const argumentList: fc.Arbitrary<unknown[]> = fc.array(argument, { maxLength: 3 });

/** Arguments without those at the end that aren't there: `f(1)` and `f(1, undefined)` are the same call. */
export function withoutTrailingUndefined(args: readonly unknown[]): unknown[] {
  const last = args.findLastIndex((arg) => arg !== undefined);
  return args.slice(0, last + 1);
}
