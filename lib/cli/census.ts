import type { CliServer, CommandWords } from './cli-server.js';
import { entryNameOf, namespacePattern, scanKeys, type Coverage, type KeyPage } from './keyspace.js';
import type { Progress } from './progress.js';

/** What is there of one cache. */
export interface CensusOfCache {
  readonly name: string;
  entries: number;
  /** Entries whose memory was asked for, and what they take together. */
  sampled: number;
  sampledBytes: number;
  readonly schemas: Set<number>;
  /** Load locks that are held. */
  locks: number;
  waiting: number;
  dead: number;
  knownIds: boolean;
  /** Its hottest calls are known, for warming. */
  learnsCalls: boolean;
}

export interface Census {
  readonly coverage: Coverage;
  /** Those with the most entries first. */
  readonly caches: readonly CensusOfCache[];
}

/** So many entries of a cache say how large they are on average. */
const SAMPLES = 1_000;

/** Counts what lies under a namespace. */
export async function takeCensus(server: CliServer, most: number, progress: Progress): Promise<Census> {
  const coverage: Coverage = { looked: 0, total: 0 };
  const caches = new Caches(server);
  for await (const page of scanKeys(server, namespacePattern(server), { most, coverage, progress })) {
    await caches.count(page);
  }
  await caches.ask();
  return { coverage, caches: caches.list() };
}

class Caches {
  readonly #found = new Map<string, CensusOfCache>();

  constructor(private readonly server: CliServer) {}

  async count({ node, names }: KeyPage): Promise<void> {
    const samples: CommandWords[] = [];
    const sampledCaches: CensusOfCache[] = [];
    for (const name of names) {
      const entry = entryNameOf(this.server, name);
      if (entry === undefined) {
        this.#noteInternal(name);
        continue;
      }
      const cache = this.#of(entry.cache);
      cache.entries++;
      cache.schemas.add(entry.schema);
      if (cache.sampled >= SAMPLES) continue;
      samples.push(['MEMORY', 'USAGE', name]);
      sampledCaches.push(cache);
    }
    const sizes = await this.server.askMany(node, samples);
    sizes.forEach((bytes, index) => {
      if (typeof bytes !== 'number') return; // gone meanwhile
      sampledCaches[index]!.sampled++;
      sampledCaches[index]!.sampledBytes += bytes;
    });
  }

  /** Load locks, what warming has learned, and what lies beside the journal. */
  #noteInternal(name: string): void {
    const { namespace } = this.server.target;
    const lock = this.server.full(`${namespace}:~lock:`);
    if (name.startsWith(lock)) {
      const entry = name.slice(lock.length).replace(/^\{(.*)\}$/su, '$1');
      const full = entry.startsWith(this.server.full('')) ? entry : this.server.full(entry);
      const address = entryNameOf(this.server, full);
      if (address !== undefined) this.#of(address.cache).locks++;
    }
    const hot = this.server.full(`${namespace}:~hot:v0:`);
    if (name.startsWith(hot)) this.#of(name.slice(hot.length)).learnsCalls = true;
    const begin = this.server.full(`{${namespace}}:`);
    if (!name.startsWith(begin)) return;
    const [, kind, cache] = /^(unwritten|dead|~ids):([\w.$-]+)/.exec(name.slice(begin.length)) ?? [];
    if (cache === undefined) return;
    const found = this.#of(cache);
    if (kind === '~ids') found.knownIds = true;
  }

  /** What is a number somewhere on the server already. */
  async ask(): Promise<void> {
    for (const cache of this.#found.values()) {
      const { unwritten, dead } = this.server.keys.writes(cache.name);
      cache.waiting = Number(await this.server.call('HLEN', this.server.full(unwritten)));
      cache.dead = Number(await this.server.call('XLEN', this.server.full(dead)));
    }
  }

  list(): CensusOfCache[] {
    return [...this.#found.values()].sort((a, b) => b.entries - a.entries || (a.name < b.name ? -1 : 1));
  }

  #of(name: string): CensusOfCache {
    let cache = this.#found.get(name);
    if (cache === undefined) {
      cache = {
        name,
        entries: 0,
        sampled: 0,
        sampledBytes: 0,
        schemas: new Set(),
        locks: 0,
        waiting: 0,
        dead: 0,
        knownIds: false,
        learnsCalls: false,
      };
      this.#found.set(name, cache);
    }
    return cache;
  }
}
