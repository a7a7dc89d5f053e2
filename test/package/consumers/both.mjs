// `import` and `require` in one process are one copy: classes and tokens of the one are those of the other.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { NestFactory } from '@nestjs/core';
import * as imported from 'nestjs-hybrid-cache';
import * as importedBoard from 'nestjs-hybrid-cache/board';
import * as importedMetrics from 'nestjs-hybrid-cache/metrics';
import * as importedTesting from 'nestjs-hybrid-cache/testing';

const require = createRequire(import.meta.url);
const required = require('nestjs-hybrid-cache');

const subpaths = { testing: importedTesting, metrics: importedMetrics, board: importedBoard };
for (const name of Object.keys(imported)) assert.equal(required[name], imported[name], name);
for (const [subpath, names] of Object.entries(subpaths)) {
  const same = require(`nestjs-hybrid-cache/${subpath}`);
  assert.ok(Object.keys(names).length > 1, subpath);
  for (const name of Object.keys(names)) assert.equal(same[name], names[name], `${subpath}: ${name}`);
}

class AppModule {}
const { Module } = require('@nestjs/common');
Module({ imports: [required.CacheModule.forRoot()] })(AppModule);
const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
assert.ok(app.get(imported.CacheService) instanceof required.CacheService);
await app.close();

// older bundlers and Jest take the CommonJS files: there the tokens at least mean the same
const { version } = require('nestjs-hybrid-cache/package.json');
const commonjs = require(
  require.resolve('nestjs-hybrid-cache/package.json').replace('package.json', 'dist/cjs/index.js'),
);
assert.notEqual(commonjs.CacheService, imported.CacheService);
assert.equal(commonjs.getCacheToken('users'), imported.getCacheToken('users'));
assert.equal(commonjs.getCacheServiceToken(), imported.getCacheServiceToken());
process.stdout.write(`${JSON.stringify({ version, exports: Object.keys(imported).sort() })}\n`);
