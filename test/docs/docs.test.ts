import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import * as door from '../../lib/index.js';
import { fleetMutants } from '../simulation/fleet/fleet-mutants.js';
import { mutants } from '../simulation/mutants.js';
import { edgeNginx } from '../support/servers/edge.nginx.js';
import { edgeVcl } from '../support/servers/edge.vcl.js';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const pages = ['README.md', 'CHANGELOG.md', 'sample-app/README.md', 'bench/README.md'].filter((file) =>
  existsSync(join(root, file)),
);
for (const file of readdirSync(join(root, 'docs'), { recursive: true }) as string[]) {
  if (file.endsWith('.md')) pages.push(join('docs', file));
}

/** As GitHub makes them of headings. */
const anchorsOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

interface UserService {
  findOne(id: string): Promise<{ name: string } | null>;
  rename(id: string, name: string): Promise<void>;
}

describe('the README', () => {
  it('has an example that does what it says', async () => {
    const [, example] = /```ts\n([\s\S]*?)```/.exec(read('README.md'))!;
    expect(example!.trim().split('\n').length).toBeLessThanOrEqual(24);
    const file = join(import.meta.dirname, 'readme-example.generated.ts');
    writeFileSync(file, example!);
    const { AppModule, UserService } = (await import(file)) as {
      AppModule: new () => object;
      UserService: new () => UserService;
    };
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    const users = app.get(UserService);
    await users.findOne('7');
    expect(await users.findOne('7')).toMatchObject({ name: 'Ada' });
    expect(app.get(door.CacheService).status().caches['UserService.findOne']).toMatchObject({ reads: 2, hits: 1 });
    await users.rename('7', 'Grace');
    expect(await users.findOne('7')).toMatchObject({ name: 'Grace' });
    await app.close();
  });

  it('names commands that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(scripts).toHaveProperty('start');
    expect(scripts).toHaveProperty('test');
    expect(read('.ci/run')).toContain('npm ci && npm test');
    expect(read('README.md')).toContain('npm ci && npm test');
  });
});

describe('the docs', () => {
  it.each(pages)('%s links to pages that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g)].map(([, link]) => link!);
    const broken = links.filter((link) => !existsSync(resolve(root, dirname(page), link)));
    expect(broken).toEqual([]);
  });

  it.each(pages)('%s links to headings that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*\.md)?#([^)\s]+)\)/g)];
    const broken = links.filter(([, file, anchor]) => {
      const target = file === undefined ? page : join(dirname(page), file);
      return !existsSync(join(root, target)) || !anchorsOf(read(target)).includes(anchor!);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it('have an entry for every error class', () => {
    const classes = Object.keys(door).filter((name) => name.endsWith('Error') && name !== 'CacheError');
    expect(classes.length).toBeGreaterThan(5);
    const page = read('docs/errors.md');
    for (const name of classes) expect(page).toContain(`\`${name}\``);
  });

  it('print the configurations of the edge as they are tested', () => {
    const page = read('docs/edge.md');
    expect(page).toContain(`\`\`\`vcl\n${edgeVcl()}\`\`\``);
    expect(page).toContain(`\`\`\`nginx\n${edgeNginx()}\`\`\``);
  });

  it('count the mutants right', () => {
    expect(read('README.md')).toContain(`${mutants.length + fleetMutants.length} deliberate mistakes`);
    expect(read('docs/consistency.md')).toContain(
      `${mutants.length} mutants of one process and ${fleetMutants.length} of several`,
    );
  });

  it('list every file of lib/ by its room', () => {
    const map = read('docs/map.md');
    const rooms = readdirSync(join(root, 'lib'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of rooms) expect(map).toContain(`${name}/`);
  });
});
