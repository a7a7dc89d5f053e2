import type { EntryAddress } from '../entry/entry-address.js';
import { encryptionKeyIdOf, openEntry, type OpenedEntry, type UnreadableReason } from '../entry/entry-codec.js';
import { isMisspelt } from '../options/option-reader.js';
import type { CliServer } from './cli-server.js';
import { entryNameOf, namespacePattern, scanKeys } from './keyspace.js';
import type { Progress } from './progress.js';
import type { OptionSpecs } from './option-specs.js';
import type { Said } from './said.js';

/** Schemas are numbers that their owners count up. */
const SCHEMAS = 16;

export const SCHEMA_OPTION: OptionSpecs = {
  schema: { value: 'n', text: `of the cache's options; without it 1 to ${SCHEMAS} are looked at` },
};

/** An entry as it lies in Redis. Times are by the server's clock. */
export interface StoredView {
  readonly address: EntryAddress;
  /** Of its key on the server. */
  readonly name: string;
  readonly bytes: Buffer;
  /** `undefined`: this user may not ask. */
  readonly leftMs: number | undefined;
  readonly opened: OpenedEntry | UnreadableReason;
  /** `undefined`: it lies in clear. */
  readonly encryptedWith: string | undefined;
}

/** What lies under these keys, of every schema. */
export async function findEntries(
  server: CliServer,
  cache: string,
  keys: readonly string[],
  said: Said,
): Promise<StoredView[]> {
  const only = said.text('schema') === undefined ? undefined : said.count('schema', 1, 0);
  const schemas = only === undefined ? Array.from({ length: SCHEMAS }, (_, index) => index + 1) : [only];
  const addresses = keys.flatMap((key) => schemas.map((schema): EntryAddress => ({ cache, schema, key })));
  const names = addresses.map((address) => server.keys.entry(address.cache, address.schema, address.key));
  const found = await server.commands.getMany(names);
  const views: StoredView[] = [];
  for (const [index, bytes] of found.entries()) {
    if (bytes !== undefined) views.push(await view(server, addresses[index]!, bytes));
  }
  return views;
}

async function view(server: CliServer, address: EntryAddress, bytes: Buffer): Promise<StoredView> {
  const { cache, schema, key } = address;
  const name = server.full(server.keys.entry(cache, schema, key));
  const left = await server.call('PTTL', name).catch(() => undefined);
  return {
    address,
    name,
    bytes,
    leftMs: left === undefined ? undefined : Number(left),
    opened: openEntry(bytes, { address, clockOffsetMs: 0 }, server.encryptionOf(cache)),
    encryptedWith: encryptionKeyIdOf(bytes),
  };
}

const LOOKED_AT = 20_000;

/** For a name that nothing was found under: whether there is another that may be meant. */
export async function hintAtCaches(server: CliServer, cache: string, progress: Progress): Promise<string | undefined> {
  const caches = new Set<string>();
  const coverage = { looked: 0, total: 0 };
  try {
    for await (const { names } of scanKeys(server, namespacePattern(server), { most: LOOKED_AT, coverage, progress })) {
      for (const name of names) {
        const entry = entryNameOf(server, name);
        if (entry !== undefined) caches.add(entry.cache);
      }
    }
  } catch {
    return undefined; // whoever may not look gets no hint
  } finally {
    progress.end();
  }
  if (caches.has(cache)) return undefined;
  if (caches.size === 0) return 'There are no entries at all in this namespace';
  const meant = [...caches].find((name) => isMisspelt(cache, name));
  if (meant !== undefined) return `There are no entries of a cache ${cache}; did you mean ${meant}?`;
  return `There are no entries of a cache ${cache}; there are some of ${[...caches].sort().slice(0, 10).join(', ')}`;
}
