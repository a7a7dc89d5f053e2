import { LIMITS } from '../cache.constants.js';
import { isCacheName } from '../options/cache-name.js';
import { count, duration, type Rule } from '../options/option-reader.js';
import { usageError } from './cli-errors.js';

/** What was typed behind the name of a command. */
export class Said {
  constructor(
    readonly words: readonly string[],
    private readonly options: ReadonlyMap<string, string | true>,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {}

  flag(name: string): boolean {
    return this.options.get(name) === true;
  }

  /** @param variable of the environment, which counts where the option isn't there */
  text(name: string, variable?: string): string | undefined {
    const said = this.options.get(name);
    if (typeof said === 'string') return said;
    const value = variable === undefined ? undefined : this.env[variable];
    return value === '' ? undefined : value;
  }

  variable(name: string): string | undefined {
    const value = this.env[name];
    return value === '' ? undefined : value;
  }

  count(name: string, otherwise: number, least = 1): number {
    const said = this.text(name);
    if (said === undefined) return otherwise;
    return this.#read(name, count(least), /^\d+$/.test(said) ? Number(said) : said);
  }

  durationMs(name: string): number | undefined {
    const said = this.text(name);
    if (said === undefined) return undefined;
    return this.#read(name, duration, /^\d+$/.test(said) ? Number(said) : said);
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const said = this.text(name);
    if (said === undefined) return undefined;
    const takes = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
    return this.#read(name, { takes, read: (given) => words.find((word) => word === given) }, said);
  }

  /** The name of a cache, as the nth word. */
  cache(at = 0): string {
    const word = this.words[at]!;
    if (isCacheName(word)) return word;
    throw usageError(`'${word}' can't be the name of a cache: letters, digits, dots, dashes, underscores and $`);
  }

  tags(): readonly string[] {
    for (const tag of this.words) {
      if (tag === '' || tag.length > LIMITS.tagLength)
        throw usageError(`a tag is a text of 1 to ${LIMITS.tagLength} characters; one has ${tag.length}`);
    }
    return this.words;
  }

  #read<T>(name: string, { takes, read }: Rule<T>, given: unknown): T {
    const value = read(given);
    if (value === undefined) throw usageError(`--${name} got '${String(given)}'; it takes ${takes}`);
    return value;
  }
}
