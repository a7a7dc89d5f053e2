import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';

const require = createRequire(import.meta.url);

/** What the figures were measured on. */
export const machine = () => ({
  cpu: cpus()[0]?.model.trim(),
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 1024 ** 3),
  system: `${platform()} ${release()}`,
  node: process.version,
  v8: process.versions.v8,
  loadAverage: loadavg().map((load) => Number(load.toFixed(2))),
});

/** Versions as they are installed, not as they were asked for. */
export function versions() {
  const own = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const packages = [
    ...Object.keys(own.devDependencies),
    'msgpackr',
    'ioredis',
    '@nestjs/core',
    '@nestjs/microservices',
  ];
  return {
    ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
    'redis-server': serverVersion('redis-server'),
    'nats-server': serverVersion('nats-server'),
  };
}

function serverVersion(program) {
  try {
    return /v[=:]? ?([\d.]+)/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))[1];
  } catch {
    return 'not installed';
  }
}

function versionOf(name) {
  for (const directory of require.resolve.paths(name)) {
    try {
      return JSON.parse(readFileSync(`${directory}/${name}/package.json`, 'utf8')).version;
    } catch {
      // not here: one directory up
    }
  }
  return 'not installed';
}
