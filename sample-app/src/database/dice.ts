/** SQL for a number from 0 to `sides - 1` that depends on `n` and `salt` alone: random enough, and always the same. */
export const dice = (n: string, salt: number, sides: number): string =>
  `(abs(hashint4extended(${n}, ${salt})) % ${sides})::int`;

/** SQL for one of `words`, drawn with `dice`. */
export const oneOf = (words: readonly string[], n: string, salt: number): string =>
  `(array['${words.join("','")}'])[1 + ${dice(n, salt, words.length)}]`;
