#!/usr/bin/env node
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { systemRuntime } from '../cache.runtime.js';
import { runCli } from './cli.js';

/** Of the package this file lies in: dist/<format>/cli/bin.js. */
function version(): string {
  try {
    const manifest = join(realpathSync(process.argv[1]!), '../../../../package.json');
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  } catch {
    return 'unknown';
  }
}

const HANG_UP_MS = 200;

const interrupted = new AbortController();
// the first time it is asked to end, the second time it is made to
process.once('SIGINT', () => interrupted.abort());

// whoever reads it has had enough, as `head` has
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

void runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  runtime: systemRuntime,
  signal: interrupted.signal,
  version,
}).then((code) => {
  process.exitCode = code;
  // a server that stands still doesn't hang up
  setTimeout(() => process.exit(), HANG_UP_MS).unref();
});
