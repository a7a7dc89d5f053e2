import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

export const REPOSITORY = resolve(import.meta.dirname, '../../..');
export const CONSUMERS = join(REPOSITORY, 'test/package/consumers');
const MODULES = join(REPOSITORY, 'node_modules');

/** What an application that uses the package has installed: its peers, and neither of the optional ones. */
const INSTALLED = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@types/node',
  'msgpackr',
  'reflect-metadata',
  'rxjs',
];

export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end; `output` is what it printed, errors included. */
export function run(command: string, args: readonly string[], cwd: string): Promise<Finished> {
  return new Promise((done, reject) => {
    // the test runner's own settings are none of the program's business
    const { NODE_OPTIONS: _, VITEST: __, ...rest } = process.env;
    const env = { ...rest, NODE_ENV: 'production', npm_config_update_notifier: 'false', npm_config_offline: 'true' };
    const child = spawn(command, args, { cwd, env, timeout: 60_000, killSignal: 'SIGKILL' });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => done({ code, output }));
  });
}

export const node = (args: readonly string[], cwd: string): Promise<Finished> => run(process.execPath, args, cwd);

/** A tool of this repository, by the path of its script. */
export const tool = (script: string, args: readonly string[], cwd: string): Promise<Finished> =>
  node([join(MODULES, script), ...args], cwd);

/** The package as `npm publish` would send it, and a folder in which it is installed, outside this repository. */
export class PackedPackage {
  private constructor(
    readonly folder: string,
    readonly tarball: string,
    /** Path in the package, and text. */
    readonly files: ReadonlyMap<string, string>,
  ) {}

  /** Packs a copy, so that `dist/` of this repository is left alone. */
  static async make(): Promise<PackedPackage> {
    const folder = mkdtempSync(join(tmpdir(), 'hybrid-cache-package-'));
    const source = join(folder, 'source');
    mkdirSync(source);
    const copied = readdirSync(REPOSITORY).filter((name) =>
      /^(lib|tools|package\.json|tsconfig.*\.json)$|\.md$|^LICENSE$/.test(name),
    );
    for (const name of copied) cpSync(join(REPOSITORY, name), join(source, name), { recursive: true });
    symlinkSync(MODULES, join(source, 'node_modules'), 'junction');
    const packed = await run('npm', ['pack', '--pack-destination', folder], source);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
    if (packed.code !== 0 || tarball === undefined) throw new Error(`npm pack failed\n${packed.output}`);
    const made = new PackedPackage(folder, join(folder, tarball), unpack(join(folder, tarball)));
    made.#install(join(folder, 'node_modules'), INSTALLED);
    return made;
  }

  #install(modules: string, installed: readonly string[]): void {
    for (const [path, text] of this.files) {
      const file = join(modules, 'nestjs-hybrid-cache', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    // as npm does it
    const { bin } = JSON.parse(this.files.get('package.json')!) as { bin: Readonly<Record<string, string>> };
    mkdirSync(join(modules, '.bin'), { recursive: true });
    for (const [name, path] of Object.entries(bin)) {
      symlinkSync(join('../nestjs-hybrid-cache', path), join(modules, '.bin', name));
      chmodSync(join(modules, 'nestjs-hybrid-cache', path), 0o755);
    }
    for (const name of installed) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(MODULES, name), join(modules, name), 'junction');
    }
  }

  /** A folder beside the installed package, with these consumers in it. */
  consumer(name: string, files: readonly string[], type: 'module' | 'commonjs' = 'module'): string {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    for (const file of files) cpSync(join(CONSUMERS, file), join(folder, file));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
    return folder;
  }

  /** The package for one consumer alone, with more beside it. */
  installFor(consumer: string, ...names: string[]): void {
    this.#install(join(this.folder, consumer, 'node_modules'), [...INSTALLED, ...names]);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const BLOCK = 512;

/** The regular files of a tarball of npm's, without their first folder. */
function unpack(tarball: string): Map<string, string> {
  const bytes = gunzipSync(readFileSync(tarball));
  const files = new Map<string, string>();
  for (let at = 0; bytes[at] !== 0 && at < bytes.length;) {
    const field = (from: number, length: number): string =>
      bytes.toString('utf8', at + from, at + from + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(field(124, 12), 8);
    const path = [field(345, 155), field(0, 100)].filter((part) => part !== '').join('/');
    if (field(156, 1) === '0') {
      files.set(path.replace(/^package\//, ''), bytes.toString('utf8', at + BLOCK, at + BLOCK + size));
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
