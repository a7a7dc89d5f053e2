import { parseArgs } from 'node:util';
import { isMisspelt } from '../options/option-reader.js';
import { usageError } from './cli-errors.js';
import type { Command } from './command.js';
import type { OptionSpecs } from './option-specs.js';
import { Said } from './said.js';
import { COMMON_OPTIONS } from './target.js';

export interface CommandLine {
  readonly said: Said;
  readonly wantsHelp: boolean;
}

/** What stands behind the name of a command. @throws CliError for what it doesn't take */
export function readCommandLine(
  command: Command,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): CommandLine {
  const specs: OptionSpecs = { ...COMMON_OPTIONS, ...command.options };
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(specs).map(([name, { value, short }]) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) } as const,
      ]),
    ),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const words: string[] = [];
  const options = new Map<string, string | true>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    else if (token.kind === 'option') options.set(token.name, valueOf(token, specs, command.name));
  }
  const wantsHelp = options.has('help');
  if (!wantsHelp) checkWords(command, words);
  return { said: new Said(words, options, env), wantsHelp };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function valueOf({ name, rawName, value, inlineValue }: OptionToken, specs: OptionSpecs, command: string) {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) {
    const meant = Object.keys(specs).find((candidate) => isMisspelt(name, candidate));
    const hint = meant === undefined ? `see \`${command} --help\`` : `did you mean --${meant}?`;
    throw usageError(`there is no option ${rawName}; ${hint}`);
  }
  if (spec.value === undefined) {
    if (value !== undefined) throw usageError(`--${name} takes no value`);
    return true;
  }
  if (value === undefined || value === '' || (inlineValue === false && value.startsWith('--')))
    throw usageError(`--${name} needs a value: --${name} <${spec.value}>`);
  return value;
}

function checkWords({ name, takes, words: [least, most] }: Command, words: readonly string[]): void {
  const line = `${name} ${takes}`.trim();
  if (words.length < least) throw usageError(`something is missing: ${line}`);
  if (words.length > most)
    throw usageError(`'${words[most]}' is too much: ${line}. What holds a space goes into quotation marks`);
}
