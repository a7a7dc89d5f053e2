// An application with `/board` and `/metrics`, asked over HTTP; compiled and run as it is, as an ES module and as
// CommonJS. Prints one line of JSON when everything held.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheModule, CacheService } from 'nestjs-hybrid-cache';
import { CacheBoardModule, type BoardAuditEntry, type CacheBoardOptions } from 'nestjs-hybrid-cache/board';
import { CacheHealth, CacheMetricsModule, type CacheHealthReport } from 'nestjs-hybrid-cache/metrics';

const audited: BoardAuditEntry[] = [];
const board: CacheBoardOptions = {
  path: '/cache',
  authorize: ({ headers }) => headers['x-role'] === 'admin' && 'ada',
  actions: ['evict'],
  audit: (entry) => audited.push(entry),
};

@Module({
  imports: [
    CacheModule.forRoot({ caches: { users: {} } }),
    CacheMetricsModule.forRoot(),
    CacheBoardModule.forRoot(board),
  ],
})
class AppModule {}

async function run(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const origin = await app.getUrl();
  const get = (path: string, role = 'nobody'): Promise<Response> =>
    fetch(origin + path, { headers: { 'x-role': role, 'sec-fetch-site': 'same-origin' } });
  await app.get(CacheService).getOrLoad('users', '7', () => 'Ada');

  const scrape = await get('/metrics');
  assert.match(String(scrape.headers.get('content-type')), /^text\/plain/);
  assert.match(await scrape.text(), /^hybrid_cache_misses_total\{cache="users",outcome="loaded"\} 1$/m);
  const report: CacheHealthReport = app.get(CacheHealth).report();
  assert.equal(report.state, 'up');

  assert.equal((await get('/cache')).status, 403);
  const page = await get('/cache', 'admin');
  assert.equal(page.status, 200);
  const token = /name="board-token" content="([^"]+)"/.exec(await page.text())![1]!;
  assert.equal((await get('/cache/board.css', 'admin')).status, 200);
  const shown = (await (await get('/cache/entry?cache=users&key=7', 'admin')).json()) as {
    explanation: { tier: string };
  };
  assert.equal(shown.explanation.tier, 'memory');
  const evicted = await fetch(`${origin}/cache/act`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'sec-fetch-site': 'same-origin',
      'x-role': 'admin',
      'x-cache-board': token,
      cookie: page.headers.get('set-cookie')!.split(';')[0]!,
    },
    body: JSON.stringify({ action: 'evict', cache: 'users', key: '7' }),
  });
  assert.equal(evicted.status, 200);
  assert.deepEqual(
    audited.filter(({ outcome }) => outcome === 'done').map(({ action, by }) => [action, by]),
    [['evict', 'ada']],
  );
  assert.equal(await app.get(CacheService).get('users', '7'), undefined);
  await app.close();
  process.stdout.write('{"checks":9}\n');
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
