import { createHash } from 'node:crypto';
import { SCRIPT_TEXTS } from './scripts.generated.js';

/** What a script takes for a key or an argument. */
export type ScriptArgument = string | number | Buffer;

/** A reply as the server gives it, with texts as bytes. */
export type ScriptReply = Buffer | string | number | null | readonly ScriptReply[];

/** One Lua file: its keys and arguments by name, and how its reply reads. */
export interface Script<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result> {
  readonly name: keyof typeof SCRIPT_TEXTS;
  readonly text: string;
  readonly sha: string;
  /** `'any'`: as many as are given. */
  readonly keys: number | 'any';
  readonly arguments: number;
  readonly parse: (reply: ScriptReply) => Result;
  /** For the compiler alone. */
  readonly takes?: (keys: Keys, args: Arguments) => void;
}

/** A list that isn't a tuple has any number of items. */
type CountOf<List extends readonly unknown[]> = number extends List['length'] ? 'any' : List['length'];

/** The arguments' names are those of the tuple's labels; their number is checked against the Lua file by a test. */
export const defineScript =
  <Keys extends readonly string[], Arguments extends readonly ScriptArgument[]>(
    name: keyof typeof SCRIPT_TEXTS,
    counts: { readonly keys: CountOf<Keys>; readonly arguments: Arguments['length'] },
  ) =>
  <Result>(parse: (reply: ScriptReply) => Result): Script<Keys, Arguments, Result> => {
    const text = SCRIPT_TEXTS[name];
    return { name, text, sha: createHash('sha1').update(text).digest('hex'), ...counts, parse };
  };
