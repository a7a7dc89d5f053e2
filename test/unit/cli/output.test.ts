import { describe, expect, it } from 'vitest';
import type { Runtime } from '../../../lib/cache.runtime.js';
import { bytesText, printable, spanText } from '../../../lib/cli/format.js';
import { Output, wantsColours } from '../../../lib/cli/output.js';
import { Progress } from '../../../lib/cli/progress.js';

const written = () => {
  const stream = { text: '', isTTY: false, write: (text: string) => (stream.text += text) };
  return stream;
};

describe('a table', () => {
  it('has columns of equal width, numbers to the right', () => {
    const stream = written();
    const columns = [{ title: 'cache' }, { title: 'entries', right: true }, { title: 'schema' }];
    new Output(stream, false, false).table(columns, [
      ['users', '7', '1, 2'],
      ['a-cache-with-a-name', '1,234,567', ''],
    ]);
    expect(stream.text).toMatchInlineSnapshot(`
      "cache                  entries  schema
      users                        7  1, 2
      a-cache-with-a-name  1,234,567
      "
    `);
  });

  it('lets no text give orders to the terminal', () => {
    expect(printable('key\u001b[2J\u0007\n')).toBe(String.raw`key\x1b[2J\x07\x0a`);
    expect(printable('x'.repeat(200))).toHaveLength(100);
  });
});

describe('colours', () => {
  it('are for terminals whose owner hasn’t said otherwise', () => {
    expect(wantsColours({ write: () => {}, isTTY: true }, {})).toBe(true);
    expect(wantsColours({ write: () => {} }, {})).toBe(false);
    expect(wantsColours({ write: () => {}, isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColours({ write: () => {}, isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(new Output(written(), false, true).paint('red', 'fail')).toBe('\u001b[31mfail\u001b[0m');
    expect(new Output(written(), false, false).paint('red', 'fail')).toBe('fail');
  });
});

describe('progress', () => {
  const startedAt = (isTTY: boolean) => {
    const stderr = { ...written(), isTTY };
    stderr.write = (text) => (stderr.text += text);
    const clock = { now: 0 };
    const runtime = { monotonic: () => clock.now } as Runtime;
    return { stderr, clock, progress: new Progress({ stderr, runtime }) };
  };

  it('is a line in a terminal, written over and taken away, of what takes longer than half a second', () => {
    const { stderr, clock, progress } = startedAt(true);
    progress.say(() => 'one');
    clock.now = 400;
    progress.say(() => 'two');
    expect(stderr.text).toBe('');
    clock.now = 600;
    progress.say(() => 'three');
    progress.say(() => 'four');
    expect(stderr.text).toBe('\r\u001b[Kthree');
    progress.end();
    expect(stderr.text).toBe('\r\u001b[Kthree\r\u001b[K');
  });

  it('is a line every five seconds where lines can’t be written over', () => {
    const { stderr, clock, progress } = startedAt(false);
    for (clock.now = 0; clock.now <= 11_000; clock.now += 500) progress.say(() => `at ${clock.now}`);
    progress.end();
    expect(stderr.text).toBe('at 5000\nat 10000\n');
  });
});

describe('numbers', () => {
  it('are written for people', () => {
    expect([0, 1_023, 1_024, 1_536, 150 * 1_024, 5 * 1_024 ** 3].map(bytesText)).toEqual([
      '0 b',
      '1023 b',
      '1.0 kb',
      '1.5 kb',
      '150 kb',
      '5.0 gb',
    ]);
    expect([0, 250, 1_000, 61_000, 3_600_000, 90_000_000].map(spanText)).toEqual([
      '0ms',
      '250ms',
      '1s',
      '1m 1s',
      '1h',
      '1d 1h',
    ]);
  });
});
