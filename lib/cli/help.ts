import type { Command } from './command.js';
import type { OptionSpec, OptionSpecs } from './option-specs.js';
import { COMMON_OPTIONS } from './target.js';

export const PROGRAM = 'nestjs-hybrid-cache';

const EXIT_CODES = `exit codes: 0 fine; 1 a check failed, or what was asked about isn't there; 2 what was typed can't be right;
            3 Redis can't be used`;

const left = ([name, { value, short }]: readonly [string, OptionSpec]): string =>
  `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`;

function listed(specs: OptionSpecs, width: number): string {
  return Object.entries(specs)
    .map((option) => `  ${left(option).padEnd(width)}  ${option[1].text}`)
    .join('\n');
}

const widthOf = (...all: readonly OptionSpecs[]): number =>
  Math.max(...all.flatMap((specs) => Object.entries(specs).map((option) => left(option).length)));

export function overview(commands: readonly Command[]): string {
  const lines = commands.map((command) => [`${command.name} ${command.takes}`.trim(), command.summary] as const);
  const width = Math.max(...lines.map(([line]) => line.length));
  const list = lines.map(([line, summary]) => `  ${line.padEnd(width)}  ${summary}`).join('\n');
  const common = listed(COMMON_OPTIONS, widthOf(COMMON_OPTIONS));
  return `${PROGRAM} <command> [options]

${list}

options of every command:
${common}

${EXIT_CODES}
`;
}

export function helpOf({ name, takes, summary, options, notes = [] }: Command): string {
  const width = widthOf(options, COMMON_OPTIONS);
  const own = Object.keys(options).length === 0 ? '' : `\noptions:\n${listed(options, width)}\n`;
  const more = notes.length === 0 ? '' : `\n${notes.join('\n')}\n`;
  return `${PROGRAM} ${`${name} ${takes}`.trim()} [options]

${summary}
${more}${own}
options of every command:
${listed(COMMON_OPTIONS, width)}

${EXIT_CODES}
`;
}
