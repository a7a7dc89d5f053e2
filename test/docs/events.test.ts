import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENTS_DEFAULTS, resolveEventsOptions } from '../../lib/events/resolve-events-options.js';
import type { CacheEventsOptions } from '../../lib/events/events-options.interface.js';
import { parseByteSize, parseDuration } from '../../lib/options/duration.js';
import { Problems } from '../../lib/options/option-reader.js';

const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
const table = page.slice(page.indexOf('\n## Options\n'));
const rows = new Map([...table.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name, value]) => [name!, value!]));

const READ: Readonly<Record<keyof typeof EVENTS_DEFAULTS, (text: string) => unknown>> = {
  pattern: (text) => text,
  signedWithin: parseDuration,
  rememberFor: parseDuration,
  maxBytes: parseByteSize,
  maxTargets: (text) => Number(text.replace(',', '')),
  emitTimeout: parseDuration,
  emitRetries: Number,
  emitPatience: parseDuration,
  maxPending: (text) => Number(text.replace(',', '')),
  acknowledge: (text) => text === 'true',
};

describe('docs/events.md', () => {
  it.each(Object.keys(EVENTS_DEFAULTS) as (keyof typeof EVENTS_DEFAULTS)[])('says the default of %s', (option) => {
    expect(READ[option](rows.get(option) ?? 'not there')).toBe(EVENTS_DEFAULTS[option]);
  });

  it('says every option, and none that isn’t there', () => {
    for (const option of rows.keys()) {
      const problems = new Problems();
      resolveEventsOptions({ [option]: undefined }, undefined, problems);
      expect(problems.any, `the option ${option}`).toBe(false);
    }
    const problems = new Problems();
    resolveEventsOptions({ nothing: 1 } as CacheEventsOptions, undefined, problems);
    expect(() => problems.throwIfAny()).toThrow(`known are ${[...rows.keys()].join(', ')}, isGlobal, registration`);
  });
});
