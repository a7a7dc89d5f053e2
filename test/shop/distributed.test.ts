import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DistributedFigures } from '../../sample-app/src/report/distributed-figures.js';
import type { ViewsCheck } from '../../sample-app/src/driver/views.js';
import type { Figures } from '../../sample-app/src/report/figures.js';
import { CompiledShop } from '../support/compiled-shop.js';
import { requireProgram, requireServer } from '../support/servers/install.js';

const MINUTES = 60_000;

interface Written {
  readonly without: Figures;
  readonly cached: Figures;
  readonly views: { readonly without: ViewsCheck; readonly cached: ViewsCheck };
  readonly distributed: DistributedFigures;
}

interface Ended extends Written {
  readonly code: number;
  readonly output: string;
  readonly report: string;
}

let shop: CompiledShop;

beforeAll(async () => {
  await requireServer('redis');
  await requireProgram({ program: 'nats-server' });
  shop = CompiledShop.make();
}, MINUTES);

afterAll(() => shop?.remove());

async function start(...more: string[]): Promise<Ended> {
  const file = (name: string) => join(shop.folder, name);
  const traffic = ['--requests', '500', '--warm-up', '100', '--seed', '3', '--port', '0'];
  const files = ['--json', file('figures.json'), '--report', file('report.html')];
  const args = [shop.main, '--distributed', '--once', ...traffic, ...files, ...more];
  const env = { ...process.env, DATABASE_URL: '' };
  const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
    const child = execFile(process.execPath, args, { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  return { code, output, report: read('report.html'), ...(JSON.parse(read('figures.json')) as Written) };
}

describe('a process and a Redis for each service, events over NATS, and all of them are killed', () => {
  let ended: Ended;

  beforeAll(async () => {
    ended = await start('--broker', 'nats');
  }, 5 * MINUTES);

  it('ends well', () => {
    expect(ended.output).not.toContain('✘');
    expect(ended.code).toBe(0);
  });

  it('answers nothing that is older than promised', () => {
    expect(ended.distributed.broken).toEqual([]);
    expect([ended.without.staleReads, ended.cached.staleReads]).toEqual([0, 0]);
  });

  it('fails no request but those that needed what was away', () => {
    expect(ended.distributed.otherFailures).toEqual([]);
    expect(ended.distributed.excusedFailures).toBeGreaterThan(0);
  });

  it('has counted every view that was answered, though the gateway was killed', () => {
    expect([ended.views.without.wrong, ended.views.cached.wrong]).toEqual([[], []]);
    expect(ended.views.cached.counted).toBeGreaterThanOrEqual(ended.views.cached.answered);
  });

  it('answers from its cache', () => {
    expect(ended.cached.hitRatio).toBeGreaterThan(0.3);
  });

  it('has had them all killed, and told the gateway of what changed', () => {
    const killed = ended.distributed.outages.map(({ whom }) => whom).toSorted();
    const services = ['catalogue', 'gateway', 'inventory', 'reviews', 'users'];
    expect(killed).toEqual(['billing', 'broker', 'broker', ...services]);
    const { applied, setbacks, failed } = ended.distributed.events;
    expect([applied > 0, setbacks > 0, failed]).toEqual([true, true, 0]);
  });

  it('is reported on, with what happened on the time line', () => {
    expect(ended.output).toMatch(/One process of the users service was killed at .*\n\s+The broker was killed at /);
    expect(ended.report).toContain('broker killed');
  });
});

describe('the same without events', () => {
  it(
    'is found out by the witness',
    async () => {
      const { code, output, distributed, cached } = await start('--mute');

      expect(cached.staleReads).toBeGreaterThan(0);
      expect(distributed.told.oldestMs).toBeGreaterThan(1_000);
      expect(output).toContain('✘ no answer older than promised');
      expect(code).toBe(1);
    },
    5 * MINUTES,
  );
});
