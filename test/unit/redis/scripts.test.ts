import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as scripts from '../../../lib/redis/scripts.js';
import { SCRIPT_TEXTS } from '../../../lib/redis/scripts.generated.js';

const FOLDER = new URL('../../../lib/redis/scripts/', import.meta.url);
const EMBED = fileURLToPath(new URL('../../../tools/embed-scripts.mjs', import.meta.url));
const DEFINITIONS = readFileSync(new URL('../../../lib/redis/scripts.ts', import.meta.url), 'utf8').replaceAll(
  /\(\s+/gu,
  '(',
);

const defined = [
  scripts.appendRecord,
  scripts.syncJournal,
  scripts.acquireLocks,
  scripts.releaseLock,
  scripts.renewLock,
  scripts.queueWrite,
  scripts.takeWrites,
  scripts.endWrites,
  scripts.buryWrite,
  scripts.findWrites,
  scripts.deadWrites,
  scripts.discardWrite,
  scripts.testIds,
  scripts.markIds,
  scripts.noteWrite,
  scripts.prepareBitmap,
  scripts.beginBuild,
  scripts.endBuild,
  scripts.askProbe,
  scripts.noteProcess,
];
/** They keep a value, and better say so than be carried out in part. */
const TAKES_MEMORY = new Set(['queueWrite', 'buryWrite', 'askProbe']);
const READS = new Set(['findWrites', 'deadWrites']);
const files = readdirSync(FOLDER).filter((file) => !file.endsWith('.include.lua'));
const kebabCase = (name: string): string => name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
const namesIn = (text: string, kind: string): readonly string[] =>
  new RegExp(String.raw`^-- ${kind}: (.+)$`, 'mu').exec(text)?.[1]?.split(', ') ?? [];
const usedOf = (text: string, kind: string): readonly number[] =>
  [
    ...new Set([...text.matchAll(new RegExp(String.raw`\b${kind}\[(\d+)\]`, 'gu'))].map(([, index]) => Number(index))),
  ].sort((a, b) => a - b);

describe('the Lua files', () => {
  it('are those that are defined', () => {
    expect(files.toSorted()).toEqual(defined.map(({ name }) => `${kebabCase(name)}.lua`).toSorted());
    expect(Object.keys(SCRIPT_TEXTS).toSorted()).toEqual(defined.map(({ name }) => name).toSorted());
  });

  it('are what was embedded last', () => {
    expect(() => execFileSync(process.execPath, [EMBED, '--check'], { stdio: 'pipe' })).not.toThrow();
  });
});

describe.each(defined)('the script $name', ({ name, text, keys, arguments: count }) => {
  const file = readFileSync(new URL(`${kebabCase(name)}.lua`, FOLDER), 'utf8');

  it('says at its head what it takes, and takes no more and no less', () => {
    const oneToN = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);
    expect(namesIn(file, 'ARGV')).toHaveLength(count);
    const named = namesIn(file, 'KEYS');
    const isAny = named.every((key) => key.endsWith(' …'));
    expect(isAny ? 'any' : named.length).toBe(keys);
    expect(usedOf(file, 'KEYS')).toEqual(isAny ? [] : oneToN(named.length));
    expect(usedOf(file, 'ARGV')).toEqual(oneToN(count));
  });

  it('names its arguments as its definition does', () => {
    const definition = DEFINITIONS.slice(0, DEFINITIONS.indexOf(`>('${name}'`))
      .split('defineScript<')
      .at(-1)!;
    const labels = [...definition.matchAll(/\b(\w+): (?:string|number|Buffer)/gu)].map(([, label]) => label);
    expect(labels.slice(-count)).toEqual(namesIn(file, 'ARGV'));
  });

  it('says at its head what it returns', () => {
    expect(namesIn(file, 'Returns').join(', ')).not.toBe('');
  });

  it('is allowed while the server is out of memory, unless it keeps a value', () => {
    const flags = TAKES_MEMORY.has(name) ? '' : READS.has(name) ? ' flags=no-writes' : ' flags=allow-oom';
    expect(text.split('\n')[0]).toBe(`#!lua${flags}`);
  });

  it('includes everything it refers to', () => {
    expect(text).not.toMatch(/^-- include /mu);
  });
});
