import { randomUUID } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '../..');

/** Runs a piece of TypeScript in a process of its own; its imports are relative to the repository's root. */
export async function runScript(source: string, args: readonly string[] = []): Promise<ChildProcess> {
  const outfile = join(root, '.tmp/scripts', `${randomUUID()}.mjs`);
  await build({
    stdin: { contents: source, loader: 'ts', resolveDir: root },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  });
  const child = spawn(process.execPath, [outfile, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return child.once('exit', () => rmSync(outfile, { force: true }));
}

/** What the process wrote, and how it ended. */
export async function outcomeOf(child: ChildProcess): Promise<{ code: number | null; output: string; errors: string }> {
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output, errors })));
}
