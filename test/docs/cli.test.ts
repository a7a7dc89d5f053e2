import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCommandLine } from '../../lib/cli/command-line.js';
import { COMMANDS } from '../../lib/cli/commands.js';
import { COMMON_OPTIONS } from '../../lib/cli/target.js';
import { startMachine } from '../support/machines.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';
import { typed } from '../support/typed.js';

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
const shells = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!);
const lines = shells
  .flatMap((text) => text.split('\n'))
  .filter((line) => line.startsWith('npx nestjs-hybrid-cache '))
  .map((line) => [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!).slice(2));

describe('the page about the command line', () => {
  it('names every command, every common option and every exit code', () => {
    for (const { name } of COMMANDS) expect(page).toContain(`| \`${name}`);
    for (const option of Object.keys(COMMON_OPTIONS).filter((each) => each !== 'help'))
      expect(page).toContain(`--${option}`);
    for (const code of [0, 1, 2, 3, 130]) expect(page).toContain(`\n| ${code} | `);
  });

  it('has lines that can be typed', () => {
    expect(lines.length).toBeGreaterThan(15);
    for (const [name, ...words] of lines) {
      const command = COMMANDS.find((candidate) => candidate.name === name)!;
      const { said } = readCommandLine(command, words, {});
      expect(() => command.check?.(said)).not.toThrow();
    }
  });

  describe('against a server', () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await startRedis();
    });
    afterAll(async () => server?.stop());

    it('shows what explain prints, and has a user who may do all of it', async () => {
      const [, user, rules] = /ACL SETUSER (\S+) ([^`]*)```/.exec(page)!;
      const words = rules!.replaceAll(/[\\']/g, '').trim().split(/\s+/);
      await server.command('ACL', 'SETUSER', user!, 'reset', ...words);
      const { cache } = await startMachine(server, {
        namespace: 'shop',
        caches: { users: {}, orders: { writeBehind: {} } },
      });
      await cache.set('users', '7', 'value', { tags: ['team:1'] });
      await cache.writeBehind('orders', '1', 'value');
      await cache.invalidate({ tags: ['team:1'] });
      const here = ['--url', server.url.replace('//', `//${user}:secret@`), '-n', 'shop'];

      const [, example] = /```\n(invalidated: [\s\S]*?)```/.exec(page)!;
      const { out } = await typed(['explain', 'users', '7', ...here]);
      const shape = (text: string): string[] =>
        text
          .trim()
          .split('\n')
          .map((line) => line.split(/[:\s]/)[0]!);
      expect(shape(out)).toEqual(shape(example!));
      expect(out).toContain('tags        everything, cache users, key 7 of cache users, tag team:1');

      for (const [name, ...rest] of lines) {
        if (name === 'tail') continue;
        const { code, err } = await typed([name!, ...rest, ...here]);
        expect({ line: [name, ...rest].join(' '), err }).toEqual({ line: [name, ...rest].join(' '), err: '' });
        expect([0, 1]).toContain(code);
      }
      const tail = await typed(['tail', '--count', '1', '--last', '1', ...here]);
      expect(tail).toMatchObject({ code: 0, err: '' });
    });
  });
});
