import type { CliStream } from './cli-io.js';
import { printable } from './format.js';

const COLOURS = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;
export type Colour = keyof typeof COLOURS;

export interface Column {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
}

/** What a command says: lines and tables for people, or one JSON document. */
export class Output {
  constructor(
    private readonly stream: CliStream,
    readonly isJson: boolean,
    private readonly hasColours: boolean,
  ) {}

  line(text = ''): void {
    this.stream.write(`${text}\n`);
  }

  /** The document of `--json`, or a line of it where there are many. */
  json(document: unknown, isLine = false): void {
    this.stream.write(`${JSON.stringify(document, undefined, isLine ? undefined : 2)}\n`);
  }

  paint(colour: Colour, text: string): string {
    return this.hasColours ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
  }

  /** Columns of equal width; the last one is as long as it is. */
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
    const clean = rows.map((row) => row.map((cell) => printable(cell)));
    const widths = columns.map(({ title }, at) => Math.max(title.length, ...clean.map((row) => row[at]!.length)));
    const line = (cells: readonly string[]): string =>
      cells
        .map((cell, at) => (columns[at]!.right === true ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
        .join('  ')
        .trimEnd();
    this.line(this.paint('bold', line(columns.map(({ title }) => title))));
    for (const row of clean) this.line(line(row));
  }

  /** A name and what is to be said of it, a line each. */
  fields(fields: readonly (readonly [name: string, text: string | undefined])[]): void {
    const said = fields.filter((field): field is readonly [string, string] => field[1] !== undefined);
    const width = Math.max(...said.map(([name]) => name.length));
    for (const [name, text] of said) this.line(`${this.paint('dim', name.padEnd(width))}  ${printable(text, 1_000)}`);
  }
}

/** Colours are for a terminal whose owner hasn't said otherwise. https://no-color.org */
export const wantsColours = (stream: CliStream, env: Readonly<Record<string, string | undefined>>): boolean =>
  stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
