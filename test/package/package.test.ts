// What gets published, as somebody who installed it sees it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis } from '../support/servers/redis-server.js';
import { node, PackedPackage, REPOSITORY, run, tool, type Finished } from './support/packed-package.js';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { optional?: boolean }>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

let packed: PackedPackage;
beforeAll(async () => {
  packed = await PackedPackage.make();
});
afterAll(() => packed?.remove());

const manifest = (): Manifest => JSON.parse(packed.files.get('package.json')!) as Manifest;
const filesOf = (pattern: RegExp): [string, string][] => [...packed.files].filter(([path]) => pattern.test(path));

/** What a file of either format, or its types, imports. */
const importsIn = (text: string): string[] =>
  [/^(?:import|export)\b(?:[^;'"()]*\bfrom)?\s*['"]([^'"]+)['"]/gm, /\b(?:require|import)\("([^"]+)"\)/g].flatMap(
    (pattern) => [...text.matchAll(pattern)].map(([, name]) => name!),
  );

describe('the tarball', () => {
  it('holds the build and nothing else', () => {
    const unexpected = [...packed.files.keys()].filter(
      (path) =>
        !/^dist\/(esm|cjs)\/([a-z-]+\/)*[a-z.-]+\.(js|js\.map|d\.ts)$/.test(path) &&
        !/^dist\/(esm|cjs)\/package\.json$/.test(path) &&
        !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path),
    );
    expect(unexpected).toEqual([]);
    expect([...packed.files.keys()].filter((path) => /(^|[./-])(test|spec)\.|fixture|mock/.test(path))).toEqual([]);
    const kinds = (format: string) =>
      filesOf(new RegExp(`^dist/${format}/.*\\.(js|d\\.ts)$`)).map(([path]) => path.slice(`dist/${format}/`.length));
    expect(kinds('cjs').sort()).toEqual(kinds('esm').sort());
  });

  it('points to nothing outside of itself', () => {
    for (const [path, text] of packed.files) {
      expect(text.includes(REPOSITORY), `${path} names a folder of the machine it was built on`).toBe(false);
      expect(text.includes(packed.folder), `${path} names a folder of the machine it was built on`).toBe(false);
    }
    for (const [path, text] of filesOf(/\.(js|d\.ts)$/)) {
      for (const target of importsIn(text).filter((name) => name.startsWith('.'))) {
        const file = posix.join(posix.dirname(path), target);
        expect(packed.files.has(file), `${path} imports ${target}`).toBe(true);
      }
    }
    for (const [path, text] of filesOf(/\.map$/)) {
      const { sources, sourcesContent } = JSON.parse(text) as { sources: string[]; sourcesContent?: string[] };
      expect(sourcesContent, `${path} brings its source along, as lib/ isn't in the tarball`).toHaveLength(
        sources.length,
      );
    }
  });

  it('imports what it declares, and none of the optional peers', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = manifest();
    const optional = Object.keys(peerDependenciesMeta).filter((name) => peerDependenciesMeta[name]?.optional);
    expect(optional.sort()).toEqual(['@nestjs/microservices', '@opentelemetry/api', 'ioredis', 'prom-client']);
    const allowed = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
    for (const name of optional) allowed.delete(name);
    // a subpath of its own is for those who have it
    const events = new Set([...allowed, '@nestjs/microservices']);
    const metrics = new Set([...allowed, '@opentelemetry/api']);
    for (const [path, text] of filesOf(/\.(js|d\.ts)$/)) {
      const room = /^dist\/\w+\/(\w+)\//.exec(path)?.[1];
      const here = room === 'events' ? events : room === 'metrics' ? metrics : allowed;
      for (const target of importsIn(text).filter((name) => !name.startsWith('.'))) {
        if (target.startsWith('node:') || builtinModules.includes(target)) continue;
        const name = target.split('/', target.startsWith('@') ? 2 : 1).join('/');
        expect([...here], `${path} imports ${target}`).toContain(name);
      }
    }
  });

  it('has an ESM and a CommonJS file for each subpath, and one copy for both', () => {
    for (const [subpath, target] of Object.entries(manifest().exports)) {
      if (typeof target === 'string') continue;
      expect(Object.keys(target), `conditions of ${subpath}`).toEqual(['module-sync', 'import', 'require']);
      expect(target['module-sync']).toBe(target['import']);
      for (const file of Object.values(target)) {
        expect(packed.files.has(file.slice(2)), `the file ${file}`).toBe(true);
        expect(packed.files.has(file.slice(2).replace(/\.js$/, '.d.ts')), `types of ${file}`).toBe(true);
      }
    }
  });

  it('has decorators that TypeScript 5.1 understands, which people with Nest 10 have', () => {
    const declarations = filesOf(/^dist\/\w+\/decorators\/.*\.d\.ts$/);
    expect(declarations.length).toBeGreaterThan(20);
    // since 5.4; before, it is any type without a word, and nothing can be decorated any more
    expect(declarations.filter(([, text]) => text.includes('NoInfer<')).map(([path]) => path)).toEqual([]);
  });

  it('has nothing publint would change', async () => {
    const bytes = readFileSync(packed.tarball);
    const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const { messages } = await publint({ pack: { tarball }, strict: true });
    expect(messages.map((message) => formatMessage(message, manifest() as never))).toEqual([]);
  });

  it('has types that fit what is loaded, in every way of resolving them (attw)', async () => {
    const { code, output } = await tool(
      '@arethetypeswrong/cli/dist/index.js',
      [packed.tarball, '--no-color'],
      packed.folder,
    );
    expect(output).toContain('No problems found');
    expect(code).toBe(0);
  });
});

describe('the command line', () => {
  const BIN = 'node_modules/nestjs-hybrid-cache/dist/esm/cli/bin.js';

  it('is a program of the package', () => {
    expect(manifest().bin).toEqual({ 'nestjs-hybrid-cache': './dist/esm/cli/bin.js' });
    expect(packed.files.get('dist/esm/cli/bin.js')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('runs as it is installed, in both formats, and says what it lacks', async () => {
    for (const bin of [BIN, BIN.replace('esm', 'cjs')]) {
      expect(await node([bin, '--version'], packed.folder)).toEqual({ code: 0, output: `${manifest().version}\n` });
      expect((await node([bin, '--help'], packed.folder)).output).toContain('nestjs-hybrid-cache <command> [options]');
      const stats = [bin, 'stats', '--url', 'redis://127.0.0.1:1', '--namespace', 'shop'];
      expect(await node(stats, packed.folder)).toEqual({
        code: 3,
        output: 'nestjs-hybrid-cache: redis needs the package ioredis, which is not installed: npm install ioredis\n',
      });
    }
  });

  it('is found by npx, and tells of a Redis that an application has used', async () => {
    const folder = packed.consumer('over-redis', ['over-redis.mjs']);
    packed.installFor('over-redis', 'ioredis');
    const npx = (...args: string[]): Promise<Finished> => run('npx', ['nestjs-hybrid-cache', ...args], folder);
    expect(await npx('--version')).toEqual({ code: 0, output: `${manifest().version}\n` });
    expect((await npx('--help')).output).toContain('nestjs-hybrid-cache <command> [options]');

    const server = await startRedis();
    try {
      expect(await node(['over-redis.mjs', server.url, 'shop'], folder)).toEqual({ code: 0, output: 'left\n' });
      const { code, output } = await npx('stats', '--json', '--url', server.url, '--namespace', 'shop');
      expect(code).toBe(0);
      expect(JSON.parse(output)).toMatchObject({
        namespace: 'shop',
        caches: [{ name: 'users', entries: 1 }],
        journal: { records: expect.any(Number) },
      });
    } finally {
      await server.stop();
    }
  });

  it('needs no Nest', () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const target of importsIn(packed.files.get(file)!)) {
        expect(target, `${file} imports ${target}`).not.toMatch(/^(@nestjs|rxjs|reflect-metadata)/);
        if (target.startsWith('.')) visit(posix.join(posix.dirname(file), target));
      }
    };
    visit('dist/esm/cli/bin.js');
    expect(seen.size).toBeGreaterThan(40);
  });
});

describe('an application that installed it', () => {
  const APP = ['app.ts', 'app.hosts.ts'];
  const APPS = [
    ['module', 'nodenext', 'nodenext'],
    ['commonjs', 'nodenext', 'nodenext'],
    ['commonjs', 'commonjs', 'node10'],
  ] as const;

  /** Compiles consumers, types of libraries included; returns what the compiler objects to. */
  async function compile(folder: string, files: readonly string[], options: object): Promise<string> {
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2023'],
      strict: true,
      noUncheckedIndexedAccess: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      types: ['node'],
      skipLibCheck: false,
      rootDir: '.',
      outDir: 'out',
      ignoreDeprecations: '6.0',
      ...options,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    return (await tool('typescript/bin/tsc', ['-p', '.'], folder)).output;
  }

  const compiled = new Map<string, Promise<string>>();

  /** The folder of the application; `out` in it is what the compiler made. */
  function compiledApp(type: 'module' | 'commonjs', module: string, moduleResolution: string): Promise<string> {
    const name = `app-${type}-${moduleResolution}`;
    const making = async (): Promise<string> => {
      const folder = packed.consumer(name, APP, type);
      expect(await compile(folder, ['app.ts'], { module, moduleResolution })).toBe('');
      return folder;
    };
    if (!compiled.has(name)) compiled.set(name, making());
    return compiled.get(name)!;
  }

  it.each(APPS)('compiles and runs as %s (module %s, resolution %s)', async (type, module, moduleResolution) => {
    const folder = await compiledApp(type, module, moduleResolution);
    const emitted = readFileSync(join(folder, 'out/app.js'), 'utf8');
    expect(emitted.includes('require("nestjs-hybrid-cache")')).toBe(type === 'commonjs');
    const { code, output } = await node(['out/app.js'], folder);
    expect(output).toMatch(/^\{"checks":\d{3},/m);
    expect(code).toBe(0);
  });

  it.each([
    ['node16', 'node16'],
    ['esnext', 'bundler'],
    ['commonjs', 'bundler'],
  ])('finds the types with module %s and resolution %s', async (module, moduleResolution) => {
    const folder = packed.consumer(`types-${module}-${moduleResolution}`, APP);
    expect(await compile(folder, ['app.ts'], { module, moduleResolution, noEmit: true })).toBe('');
  });

  it.each(['module', 'commonjs'] as const)(
    'has the names of its caches checked once they are declared (%s)',
    async (type) => {
      const folder = packed.consumer(`names-${type}`, ['names.ts'], type);
      expect(await compile(folder, ['names.ts'], { module: 'nodenext', noEmit: true })).toBe('');
    },
  );

  it('gets one copy, imported and required in one process', async () => {
    const { code, output } = await node(['both.mjs'], packed.consumer('both', ['both.mjs']));
    expect(output).toContain('"CacheModule"');
    expect(code).toBe(0);
  });

  it('needs neither ioredis nor @nestjs/microservices', async () => {
    const folder = packed.consumer('without-optional', ['without-optional.mjs']);
    expect(existsSync(join(packed.folder, 'node_modules/ioredis'))).toBe(false);
    expect(await node(['without-optional.mjs'], folder)).toEqual({ code: 0, output: 'ok\n' });
  });

  it('has its services told of each other’s changes', async () => {
    const folder = packed.consumer('events', ['events.ts']);
    packed.installFor('events', '@nestjs/microservices');
    expect(await compile(folder, ['events.ts'], { module: 'nodenext' })).toBe('');
    const { code, output } = await node(['out/events.js'], folder);
    expect(output).toMatch(/^\{"checks":3,/m);
    expect(code).toBe(0);
  });

  it('is measured, with prom-client and without OpenTelemetry', async () => {
    const folder = packed.consumer('metrics', ['metrics.ts']);
    packed.installFor('metrics', 'prom-client');
    expect(await compile(folder, ['metrics.ts'], { module: 'nodenext' })).toBe('');
    const { code, output } = await node(['out/metrics.js'], folder);
    expect(output).toMatch(/^\{"checks":4\}/m);
    expect(code).toBe(0);
  });

  it.each(APPS)('has a board and metrics as %s (module %s, resolution %s)', async (type, module, moduleResolution) => {
    const name = `watched-${type}-${moduleResolution}`;
    const folder = packed.consumer(name, ['watched.ts'], type);
    packed.installFor(name, 'prom-client');
    expect(await compile(folder, ['watched.ts'], { module, moduleResolution })).toBe('');
    const emitted = readFileSync(join(folder, 'out/watched.js'), 'utf8');
    expect(emitted.includes('require("nestjs-hybrid-cache/board")')).toBe(type === 'commonjs');
    const { code, output } = await node(['out/watched.js'], folder);
    expect(output).toMatch(/^\{"checks":9\}/m);
    expect(code).toBe(0);
  });

  it('ends by itself when it is left open: no timer of the cache keeps its process alive', async () => {
    const folder = packed.consumer('left-open', ['left-open.mjs']);
    expect(await node(['left-open.mjs'], folder)).toEqual({ code: 0, output: 'left open\n' });
  });

  it.each(['esm', 'cjs'] as const)('works bundled with esbuild as %s', async (format) => {
    const folder = await compiledApp(format === 'esm' ? 'module' : 'commonjs', 'nodenext', 'nodenext');
    const { warnings } = await build({
      absWorkingDir: folder,
      entryPoints: ['out/app.js'],
      outfile: join(folder, 'bundle.js'),
      bundle: true,
      platform: 'node',
      format,
      keepNames: true, // caches are called after classes
      // the package goes into the bundle; Nest itself has optional imports that no bundler finds
      external: ['@nestjs/*', 'rxjs', 'reflect-metadata'],
      logLevel: 'silent',
      ...(format === 'esm' && {
        banner: {
          js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
        },
      }),
    });
    expect(warnings).toEqual([]);
    const bundled = readFileSync(join(folder, 'bundle.js'), 'utf8');
    expect(/(from|require\()\s*['"]nestjs-hybrid-cache/.test(bundled)).toBe(false);
    const { code, output } = await node(['bundle.js'], folder);
    expect(output).toMatch(/^\{"checks":\d{3},/m);
    expect(code).toBe(0);
  });
});
