/** A list and nothing more: subclasses of Array aren't, those of another realm (a test runner's, for example) are. */
export const isPlainList = (value: object): value is unknown[] =>
  Array.isArray(value) &&
  (Object.getPrototypeOf(value) === Array.prototype ||
    (value.constructor as { name?: string } | undefined)?.name === 'Array');

/** A field that neither keys nor serializers see, if there is one. */
export const enumerableSymbolOf = (value: object): symbol | undefined =>
  Object.getOwnPropertySymbols(value).find((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol));

/**
 * Whether a value is more than its fields: built-in kinds (Map, Promise, generators, boxed primitives, URLSearchParams …)
 * and their subclasses. All of them have a tag of their own.
 */
export const hasHiddenState = (value: object): boolean => Object.prototype.toString.call(value) !== '[object Object]';
