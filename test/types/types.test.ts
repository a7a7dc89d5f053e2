import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');

/** Compilers that users of this package have. */
const COMPILERS = [
  ['TypeScript 6', 'node_modules/typescript/bin/tsc'],
  ['TypeScript 7', 'node_modules/ts7/bin/tsc'],
] as const;

/** The package itself is compiled elsewhere, and without the names of anybody's caches. */
const OUR_OWN = 'lib';

/** What a compiler says of each line, the lines as `file:line`. */
function compile(tsc: string, project: string): Promise<Map<string, string>> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, tsc), '-p', project, '--pretty', 'false'],
      { cwd: root },
      (_error, output) => {
        const said = new Map<string, string>();
        let line = '(nowhere)';
        for (const text of output.split('\n').filter((part) => part !== '')) {
          const start = /^(\S.*?)\((\d+),\d+\): error/.exec(text);
          if (start !== null) line = start[1]!.startsWith('lib/') ? OUR_OWN : `${basename(start[1]!)}:${start[2]}`;
          said.set(line, `${said.get(line) ?? ''}${text}\n`);
        }
        said.delete(OUR_OWN);
        resolve(said);
      },
    );
  });
}

interface Line {
  readonly at: string;
  readonly text: string;
  /** What the comment at its end says the compiler should say. */
  readonly expected: string | undefined;
}

/** The lines of the fixtures of a project. */
const linesOf = (project: string): Line[] =>
  readdirSync(project)
    .filter((file) => file.endsWith('.fixture.ts'))
    .flatMap((file) =>
      readFileSync(join(project, file), 'utf8')
        .split('\n')
        .map((text, index) => ({
          at: `${file}:${index + 1}`,
          text: text.trim(),
          expected: /\/\/ error: (.*)$/.exec(text)?.[1],
        })),
    );

describe.each(['decorators', 'cache-names'])('the types, as %s use them,', (name) => {
  const project = join(here, name);

  it.each(COMPILERS)('take what is right and refuse what is wrong under %s', async (_compiler, tsc) => {
    const said = await compile(tsc, project);
    const lines = linesOf(project);

    const wrong = lines.flatMap(({ at, text, expected }) => {
      const message = said.get(at);
      said.delete(at);
      if (expected === undefined) return message === undefined ? [] : [`${at} ${text} should compile: ${message}`];
      if (message === undefined) return [`${at} ${text} should not compile`];
      return message.includes(expected) ? [] : [`${at} ${text} should say so: ${message}`];
    });

    expect(wrong).toEqual([]);
    expect([...said.values()]).toEqual([]);
    expect(lines.filter(({ expected }) => expected !== undefined).length).toBeGreaterThan(3);
  });
});
