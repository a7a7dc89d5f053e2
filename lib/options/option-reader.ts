import { inspect } from 'node:util';
import { LIMITS } from '../cache.constants.js';
import { CacheConfigurationError, type ConfigurationProblem } from '../cache.errors.js';
import { parseByteSize, parseDuration } from './duration.js';

/** Collects everything that is wrong, so that it can be said at once. */
export class Problems {
  readonly #found: ConfigurationProblem[] = [];

  add(where: string, problem: string): void {
    if (this.#found.some((found) => found.where === where && found.problem === problem)) return;
    this.#found.push({ where, problem });
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  throwIfAny(): void {
    if (this.#found.length > 0) throw new CacheConfigurationError(this.#found);
  }
}

/** How one option is read: its value from what was given, or `undefined` for what it doesn't take. */
export interface Rule<T> {
  readonly takes: string;
  readonly read: (given: unknown) => T | undefined;
  /** What was given may hold something nobody should read in a log. */
  readonly secret?: boolean;
}

export const duration: Rule<number> = {
  takes: "a duration from 0 to 10 years: milliseconds, or a text such as '250ms', '5m', '1h30m'",
  read: (given) => {
    const ms = parseDuration(given);
    return ms === undefined || ms > LIMITS.maxDurationMs ? undefined : ms;
  },
};
/** A duration that isn't shorter. */
export const atLeast = (lowMs: number): Rule<number> => ({
  takes: `a duration of at least ${lowMs} ms`,
  read: (given) => {
    const ms = duration.read(given);
    return ms === undefined || ms < lowMs ? undefined : ms;
  },
});
export const size: Rule<number> = {
  takes: "a number of bytes, or a text such as '512kb', '64mb'",
  read: parseByteSize,
};
export const flag: Rule<boolean> = {
  takes: 'true or false',
  read: (given) => (typeof given === 'boolean' ? given : undefined),
};
export const between = (low: number, high: number): Rule<number> => ({
  takes: `a number from ${low} to ${high}`,
  read: (given) => (typeof given === 'number' && given >= low && given <= high ? given : undefined),
});
export const count = (low: number): Rule<number> => ({
  takes: `a whole number of at least ${low}`,
  read: (given) => (Number.isSafeInteger(given) && (given as number) >= low ? (given as number) : undefined),
});
export const oneOf = <T extends string>(...words: readonly T[]): Rule<T> => ({
  takes: words.map((word) => `'${word}'`).join(' or '),
  read: (given) => words.find((word) => word === given),
});
export const callback = <F>(what: string): Rule<F> => ({
  takes: what,
  read: (given) => (typeof given === 'function' ? (given as F) : undefined),
});
export const record = <T extends object>(what: string): Rule<T> => ({
  takes: what,
  read: (given) => (typeof given === 'object' && given !== null && !Array.isArray(given) ? (given as T) : undefined),
});

export const show = (given: unknown): string => {
  if (typeof given === 'function') return given.name === '' ? 'a function' : given.name;
  const text = inspect(given, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

/** One object of options, read field by field; every refusal becomes a problem that names the field. */
export class OptionReader<O extends object> {
  constructor(
    private readonly options: O,
    private readonly where: string,
    private readonly problems: Problems,
  ) {}

  /** Fields that aren't there at all, most often misspelt. */
  refuseUnknown(fields: readonly string[]): void {
    const known = [...new Set(fields)];
    for (const field of Object.keys(this.options)) {
      if (known.includes(field)) continue;
      const meant = known.find((candidate) => isMisspelt(field, candidate));
      const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean \`${meant}\`?`;
      this.problems.add(this.#path(field), `there is no such option; ${hint}`);
    }
  }

  /** `undefined` when it wasn't said, or was refused. */
  take<T>(field: keyof O & string, rule: Rule<T>): T | undefined {
    const given = this.options[field] as unknown;
    if (given === undefined) return undefined;
    const value = rule.read(given);
    if (value === undefined) {
      const got = rule.secret === true ? 'got something else' : `got ${show(given)}`;
      this.problems.add(this.#path(field), `${got}; takes ${rule.takes}`);
    }
    return value;
  }

  /** Whether one of these fields is said. */
  says(fields: readonly (keyof O & string)[]): boolean {
    return fields.some((field) => this.options[field] !== undefined);
  }

  takeOrFalse<T>(field: keyof O & string, rule: Rule<T>): T | false | undefined {
    return (this.options[field] as unknown) === false
      ? false
      : this.take(field, { ...rule, takes: `${rule.takes}; or false` });
  }

  #path(field: string): string {
    return join(this.where, field);
  }
}

/** The path of a field. */
export const join = (where: string, field: string): string => (where === '' ? field : `${where}.${field}`);

/** One letter too many, missing, changed or swapped, or another case. */
export function isMisspelt(word: string, meant: string): boolean {
  const [a, b] = [word.toLowerCase(), meant.toLowerCase()];
  if (a === b) return true;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [restA, restB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const swapped = restA.length === 2 && restB === `${restA[1]}${restA[0]}`;
  return swapped || Math.max(restA.length, restB.length) <= 1;
}
