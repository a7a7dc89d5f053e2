import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { Invalidation } from '../../../lib/cache.service.js';
import type { CacheStatus } from '../../../lib/desk/cache-status.js';
import type { InvalidationResult } from '../../../lib/flow/outcome.js';
import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';
import { newNamespace, PATIENT } from '../machines.js';
import type { RedisServer } from '../servers/redis-server.js';
import { bundled } from './bundle.js';

/** What a forked process can be told. Its loader reads the row of the key from the source, and counts itself there. */
export interface CacheCalls {
  open(how: { readonly sourceUrl: string; readonly options: CacheModuleOptions }): Promise<void>;
  read(
    key: string,
    how?: { readonly loadMs?: number; readonly tags?: readonly string[]; readonly strong?: boolean },
  ): Promise<string | null>;
  /** Many callers of one key at once: the different values they got, and how long each waited. */
  storm(key: string, callers: number, loadMs: number): Promise<{ values: (string | null)[]; ms: number[] }>;
  invalidate(invalidation: Invalidation): Promise<InvalidationResult>;
  /** Resolves when the journal is known up to there. */
  applied(position: number): Promise<void>;
  status(): Promise<CacheStatus>;
}

export interface Question {
  readonly id: number;
  readonly call: keyof CacheCalls;
  readonly args: unknown[];
}

type Answered<Call extends keyof CacheCalls> = ReturnType<CacheCalls[Call]>;

interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** A process of its own with a cache in it. */
export class ForkedCache {
  readonly #open = new Map<number, { resolve: (answer: unknown) => void; reject: (reason: Error) => void }>();
  #questions = 0;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', ({ id, answer, error }: Answer) => {
      const { resolve, reject } = this.#open.get(id) ?? {};
      this.#open.delete(id);
      if (error === undefined) resolve?.(answer);
      else reject?.(new Error(error));
    });
    child.on('exit', () => {
      for (const { reject } of this.#open.values()) reject(new Error('the process has ended'));
    });
  }

  static async start(how: Parameters<CacheCalls['open']>[0]): Promise<ForkedCache> {
    const child = fork(await bundled('cache.process.ts'));
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'message');
    const made = new ForkedCache(child);
    await made.call('open', how);
    return made;
  }

  call<Call extends keyof CacheCalls>(call: Call, ...args: Parameters<CacheCalls[Call]>): Answered<Call> {
    const id = ++this.#questions;
    return new Promise<unknown>((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.child.send({ id, call, args } satisfies Question);
    }) as Answered<Call>;
  }

  /** Without a word to anybody. */
  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

/** Processes of one application over one Redis; what they load lies in another one. */
export async function forkCaches(
  count: number,
  { server, source, options = {} }: { server: RedisServer; source: RedisServer; options?: CacheModuleOptions },
): Promise<ForkedCache[]> {
  const plain = { jitter: 0, earlyRefresh: false, caches: { users: {} } } as const;
  const all = { namespace: newNamespace(), redis: { url: server.url, commandTimeout: PATIENT }, ...plain, ...options };
  return Promise.all(
    Array.from({ length: count }, async () => ForkedCache.start({ sourceUrl: source.url, options: all })),
  );
}
