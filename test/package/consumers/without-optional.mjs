// None of the optional peers is installed here, and nothing misses them.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
for (const name of ['ioredis', '@nestjs/microservices', 'prom-client', '@opentelemetry/api']) {
  assert.throws(() => require.resolve(name), { code: 'MODULE_NOT_FOUND' }, name);
}
const { CacheModule } = await import('nestjs-hybrid-cache');
assert.equal(typeof CacheModule.forRoot, 'function');
process.stdout.write('ok\n');
