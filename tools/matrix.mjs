// Installs the packed package beside each supported Nest, from the registry, and runs the same application on each
// supported Node, as ESM and as CommonJS; then a Jest and a Vitest suite. `npm run test:matrix`; needs the network.
// --only TEXT: the rows whose name contains it. --write: the table goes into docs/compatibility.md.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values: args } = parseArgs({ options: { only: { type: 'string', default: '' }, write: { type: 'boolean' } } });
const consumers = resolve('test/package/consumers');
const page = resolve('docs/compatibility.md');
const work = mkdtempSync(join(tmpdir(), 'hybrid-cache-matrix-'));

const NODES = ['20.19.0', '20', '22.12.0', '22', '24'];
const NESTS = [
  {
    name: 'Nest 10, lowest',
    nest: '10.0.0',
    typescript: '5.1',
    rxjs: '7.2.0',
    reflect: '0.1.12',
    prom: '14.0.0',
    nodes: ['20', '22'],
  },
  { name: 'Nest 10', nest: '10', typescript: '5.1', rxjs: '7', reflect: '0.2', nodes: NODES },
  {
    name: 'Nest 11, lowest',
    nest: '11.0.0',
    typescript: '5.7',
    rxjs: '7.2.0',
    reflect: '0.1.12',
    prom: '14.0.0',
    nodes: ['20', '22'],
  },
  { name: 'Nest 11', nest: '11', typescript: '5.9', rxjs: '7', reflect: '0.2', nodes: NODES },
  // microservices began with 12.0.1
  {
    name: 'Nest 12, lowest',
    nest: '12.0.0',
    microservices: '12.0.1',
    typescript: '6.0',
    rxjs: '7.2.0',
    reflect: '0.1.12',
    prom: '14.0.0',
    nodes: ['20', '22'],
  },
  { name: 'Nest 12', nest: '12', typescript: '6.0', rxjs: '7', reflect: '0.2', nodes: NODES },
];
const SUITES = [
  { name: 'Jest 30, ts-jest, CommonJS', suite: 'jest', nest: '11', typescript: '5.9', nodes: ['20', '22'] },
  { name: 'Vitest 4, ESM', suite: 'vitest', nest: '12', typescript: '6.0', nodes: ['20', '22'] },
];

const COMPILER = {
  target: 'es2022',
  lib: ['es2023'],
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  esModuleInterop: true,
  skipLibCheck: true,
  types: ['node'],
  rootDir: '.',
  outDir: 'out',
};

/** Runs a program to its end, and returns what it printed; never throws, never hangs. */
function run(command, parameters, cwd, seconds = 180) {
  return new Promise((done) => {
    const env = { ...process.env, npm_config_update_notifier: 'false', NODE_OPTIONS: '' };
    const child = spawn(command, parameters, { cwd, env, timeout: seconds * 1_000, killSignal: 'SIGKILL' });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => done({ ok: false, output: String(error) }));
    child.on('close', (code, signal) =>
      done({ ok: code === 0, output: signal === null ? output : `${output}\n${signal}` }),
    );
  });
}

async function install(folder, packages) {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'package.json'))) writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  // --force: a tarball of the same version may have been installed before
  const { ok, output } = await run('npm', ['install', '--force', '--no-audit', '--no-fund', ...packages], folder, 300);
  if (!ok) throw new Error(`npm install ${packages.join(' ')}\n${output}`);
}

const versionIn = (folder, name) =>
  JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;

function pack() {
  for (const file of readdirSync(work)) if (file.endsWith('.tgz')) rmSync(join(work, file));
  const { status, stderr } = spawnSync('npm', ['pack', '--silent', '--pack-destination', work], { encoding: 'utf8' });
  const file = readdirSync(work).find((name) => name.endsWith('.tgz'));
  if (status !== 0 || file === undefined) throw new Error(`npm pack failed\n${stderr}`);
  return join(work, file);
}

/** A Node of that version; undefined when it can't be had here. */
async function nodeOf(version) {
  const folder = join(work, `node-${version}`);
  try {
    await install(folder, [`node@${version}`]);
    const path = join(folder, 'node_modules/.bin/node');
    const { ok, output } = await run(path, ['--version'], folder, 20);
    if (ok) return { path, version: output.trim().replace('v', '') };
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
  }
  process.stderr.write(`Node ${version} can't be had here: its rows are left out\n`);
  return undefined;
}

const nestPackages = ({ nest, microservices = nest, rxjs = '7', reflect = '0.2', prom = '15', typescript }) => [
  ...['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}@${nest}`),
  `@nestjs/microservices@${microservices}`,
  `rxjs@${rxjs}`,
  `reflect-metadata@${reflect}`,
  `prom-client@${prom}`,
  `typescript@~${typescript}`,
  '@types/node@20',
];

const versionsIn = (folder) =>
  ['@nestjs/common', 'rxjs', 'reflect-metadata', 'prom-client', 'typescript']
    .map((name) => `${name} ${versionIn(folder, name)}`)
    .join(', ');

/** The applications, and the command line where npm has put it. */
const PROGRAMS = [
  ['out/app.js'],
  ['out/events.js'],
  ['out/watched.js'],
  ['../node_modules/.bin/nestjs-hybrid-cache', '--help'],
];

/** The application, compiled as people who use this Nest would, run on every Node. */
async function runApplication(row, tarball, nodes, report) {
  const folder = join(work, row.name.replaceAll(/\W+/g, '-'));
  await install(folder, [...nestPackages(row), tarball]);
  const isOld = row.nest.startsWith('10');
  for (const format of ['esm', 'cjs']) {
    const app = join(folder, format);
    mkdirSync(app);
    for (const file of ['app.ts', 'app.hosts.ts', 'events.ts', 'watched.ts'])
      cpSync(join(consumers, file), join(app, file));
    writeFileSync(join(app, 'package.json'), JSON.stringify({ type: format === 'esm' ? 'module' : 'commonjs' }));
    const modules =
      isOld && format === 'cjs'
        ? { module: 'commonjs', moduleResolution: 'node' }
        : { module: 'nodenext', moduleResolution: 'nodenext' };
    // until 7.5 or so rxjs doesn't say where its types are, in the way newer resolutions look for them
    const paths = { rxjs: ['../node_modules/rxjs/dist/types/index.d.ts'] };
    const tsconfig = {
      compilerOptions: { ...COMPILER, ...modules, paths },
      files: ['app.ts', 'events.ts', 'watched.ts'],
    };
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(tsconfig));
    const compiled = await run('node', ['../node_modules/typescript/bin/tsc', '-p', '.'], app);
    for (const node of nodes.filter(({ wanted }) => row.nodes.includes(wanted))) {
      let result = compiled;
      for (const program of PROGRAMS) {
        if (result.ok) result = await run(node.path, program, app, 60);
      }
      report({ name: row.name, versions: versionsIn(folder), node: node.version, as: format, ...result });
    }
  }
}

const JEST = {
  testEnvironment: 'node',
  rootDir: '.',
  testRegex: 'users\\.test\\.ts$',
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.json' }] },
};

/** The suite of somebody who tests a service of theirs. */
async function runSuite(row, tarball, nodes, report) {
  const folder = join(work, row.suite);
  const isJest = row.suite === 'jest';
  const runner = isJest ? ['jest@30', 'ts-jest@29', '@types/jest@30'] : ['vitest@4'];
  await install(folder, [...nestPackages(row), `@nestjs/testing@${row.nest}`, ...runner, tarball]);
  cpSync(join(consumers, 'users.test.source.ts'), join(folder, 'users.test.ts'));
  const described = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const type = isJest ? 'commonjs' : 'module';
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...described, type, ...(isJest && { jest: JEST }) }));
  const modules = isJest ? { module: 'commonjs', moduleResolution: 'node10' } : { module: 'nodenext' };
  const types = isJest ? ['node', 'jest'] : ['node', 'vitest/globals'];
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...COMPILER, ...modules, types }, files: ['users.test.ts'] }),
  );
  const command = isJest ? ['node_modules/jest/bin/jest.js'] : ['node_modules/vitest/vitest.mjs', 'run', '--globals'];
  const versions = [
    versionsIn(folder),
    ...runner.map((at) => at.replace(/@\d+$/, '')).map((at) => `${at} ${versionIn(folder, at)}`),
  ];
  for (const node of nodes.filter(({ wanted }) => row.nodes.includes(wanted))) {
    const result = await run(node.path, command, folder, 120);
    report({
      name: row.name,
      versions: versions.join(', '),
      node: node.version,
      as: type === 'module' ? 'esm' : 'cjs',
      ...result,
    });
  }
}

function tableOf(results) {
  const rows = new Map();
  for (const { name, versions, as, node, ok } of results) {
    const key = `| ${name} | ${versions} | ${as === 'esm' ? 'ESM' : 'CommonJS'} |`;
    rows.set(key, [...(rows.get(key) ?? []), `${node}${ok ? '' : ' **fails**'}`]);
  }
  const lines = [...rows].map(([key, nodes]) => `${key} ${nodes.join(', ')} |`);
  return ['| with | exact versions | as | passed on Node |', '|---|---|---|---|', ...lines].join('\n');
}

const rows = [...NESTS, ...SUITES].filter(({ name }) => name.includes(args.only));
const results = [];
const report = (result) => {
  results.push(result);
  process.stdout.write(`${result.ok ? 'ok  ' : 'FAIL'} ${result.name}, ${result.as}, Node ${result.node}\n`);
  if (!result.ok) process.stderr.write(`${result.output}\n`);
};
let unfinished = 0;
try {
  const tarball = pack();
  const nodes = [];
  for (const wanted of NODES) {
    const node = rows.some((row) => row.nodes.includes(wanted)) ? await nodeOf(wanted) : undefined;
    if (node !== undefined) nodes.push({ wanted, ...node });
  }
  for (const row of rows) {
    try {
      await ('suite' in row ? runSuite : runApplication)(row, tarball, nodes, report);
    } catch (error) {
      unfinished++;
      process.stderr.write(`FAIL ${row.name}: ${error.message}\n`);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
const table = tableOf(results);
process.stdout.write(`\n${table}\n`);
if (args.write) {
  const text = readFileSync(page, 'utf8');
  writeFileSync(
    page,
    text.replace(/(<!-- matrix -->\n)[\s\S]*(\n<!-- end -->)/, (_, begin, end) => `${begin}${table}${end}`),
  );
}
const failed = results.filter(({ ok }) => !ok).length + unfinished;
process.stdout.write(`\n${results.length - (failed - unfinished)} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || results.length === 0 ? 1 : 0;
