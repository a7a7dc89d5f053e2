import type { CliServer, RedisNodeClient } from './cli-server.js';
import { countText } from './format.js';
import type { Progress } from './progress.js';

const PAGE = 1_000;

export interface KeyPage {
  readonly node: RedisNodeClient;
  /** As they are called on the server, prefix included. */
  readonly names: readonly string[];
}

/** How much of a server was looked at. */
export interface Coverage {
  looked: number;
  total: number;
}

/** A share of them tells of all: the order of SCAN has nothing to do with the keys. */
export const isPartial = ({ looked, total }: Coverage): boolean => looked < total;

/** For numbers of what was found: what they'd be if everything had been looked at. */
export const extrapolation = ({ looked, total }: Coverage): number =>
  looked < total ? total / Math.max(looked, 1) : 1;

/**
 * Keys that match, page by page, on every server; each once.
 * @param most so many keys of the servers are looked at, whosever they are; of each server its share
 */
export async function* scanKeys(
  server: CliServer,
  pattern: string,
  { most, coverage, progress }: { most: number; coverage: Coverage; progress: Progress },
): AsyncGenerator<KeyPage> {
  const nodes = server.masters();
  const sizes = await Promise.all(nodes.map(async (node) => Number(await server.ask(node, 'DBSIZE'))));
  coverage.total = sizes.reduce((sum, size) => sum + size, 0);
  for (const [index, node] of nodes.entries()) {
    const share = Math.ceil((most * sizes[index]!) / Math.max(coverage.total, 1));
    const seen = new Set<string>();
    let cursor = '0';
    for (let asked = 0; asked < share; asked += PAGE) {
      const count = Math.min(PAGE, share - asked);
      const reply = await server.ask(node, 'SCAN', cursor, 'MATCH', pattern, 'COUNT', count);
      const [next, found] = reply as [Buffer, Buffer[]];
      cursor = String(next);
      coverage.looked = Math.min(coverage.looked + count, coverage.total);
      progress.say(() => `looked at ${countText(coverage.looked)} of ${countText(coverage.total)} keys`);
      const names = found.map(String).filter((name) => !seen.has(name));
      for (const name of names) seen.add(name);
      if (names.length > 0) yield { node, names };
      if (cursor === '0') break;
    }
    if (cursor === '0') coverage.looked = Math.max(coverage.looked, sumOf(sizes.slice(0, index + 1)));
  }
}

const sumOf = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);

/** Everything of a namespace, and what is called alike. */
export const namespacePattern = ({ target: { keyPrefix, namespace } }: CliServer): string =>
  `${escapeGlob(keyPrefix)}*${escapeGlob(namespace)}*`;

export const escapeGlob = (text: string): string => text.replaceAll(/[*?[\]\\]/g, String.raw`\$&`);

/** An entry by the name of its key; `undefined` for keys that aren't one. */
export interface EntryName {
  readonly name: string;
  readonly cache: string;
  readonly schema: number;
  readonly key: string;
}

export function entryNameOf(server: CliServer, name: string): EntryName | undefined {
  const begin = server.full(`${server.target.namespace}:`);
  if (!name.startsWith(begin)) return undefined;
  const [, cache, schema, key] = /^([\w.$-]+):v(\d+):(.*)$/su.exec(name.slice(begin.length)) ?? [];
  return key === undefined ? undefined : { name, cache: cache!, schema: Number(schema), key };
}
