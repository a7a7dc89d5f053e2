import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ViewsCheck } from '../../sample-app/src/driver/views.js';
import type { Figures } from '../../sample-app/src/report/figures.js';
import type { FleetFigures } from '../../sample-app/src/report/fleet-figures.js';
import { CompiledShop } from '../support/compiled-shop.js';
import { requireServer } from '../support/servers/install.js';

const MINUTES = 60_000;
const run = promisify(execFile);

interface Written {
  readonly without: Figures;
  readonly cached: Figures;
  readonly views: { readonly without: ViewsCheck; readonly cached: ViewsCheck };
  readonly fleet: FleetFigures;
}

describe('three processes with one Redis, which is killed, started again empty, and frozen', () => {
  let shop: CompiledShop;
  let output: string;
  let report: string;
  let written: Written;

  beforeAll(async () => {
    await requireServer('redis');
    shop = CompiledShop.make();
    const file = (name: string) => join(shop.folder, name);
    const traffic = ['--requests', '600', '--warm-up', '100', '--seed', '3'];
    const files = ['--json', file('figures.json'), '--report', file('report.html')];
    // rejects when the command ends with another code than 0
    ({ stdout: output } = await run(process.execPath, [shop.main, '--redis', '--once', ...traffic, ...files], {
      env: { ...process.env, DATABASE_URL: '', REDIS_URL: '' },
    }));
    written = JSON.parse(readFileSync(file('figures.json'), 'utf8')) as Written;
    report = readFileSync(file('report.html'), 'utf8');
  }, 5 * MINUTES);

  afterAll(() => shop?.remove());

  it('fail no request', () => {
    expect([written.without.failures, written.cached.failures]).toEqual([0, 0]);
  });

  it('answer nothing that is older than promised', () => {
    expect([written.without.staleReads, written.cached.staleReads]).toEqual([0, 0]);
  });

  it('all take part in the loads', () => {
    expect(written.fleet.loads).toHaveLength(3);
    expect(Math.min(...written.fleet.loads)).toBeGreaterThan(0);
  });

  it('ask the database less than without the cache', () => {
    expect(written.cached.queries).toBeLessThan(written.without.queries);
  });

  it('have counted every view, those included that Redis has lost', () => {
    const { without, cached } = written.views;
    expect([without.wrong, cached.wrong]).toEqual([[], []]);
    expect([without.counted, cached.counted]).toEqual([without.answered, cached.answered]);
    expect(cached.answered).toBeGreaterThan(300);
  });

  it('use Redis again when it is back', () => {
    expect(written.fleet.outages.map(({ what }) => what)).toEqual(['killed', 'frozen']);
    expect(written.fleet.hitRatioAfterwards).toBeGreaterThan(0);
  });

  it('are reported on, with the outages on the time line', () => {
    expect(output).toMatch(/Redis was killed at .*\n\s+Redis was frozen at /);
    expect(report.match(/class="band"/g)).toHaveLength(4);
  });
});
