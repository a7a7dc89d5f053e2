import type { CacheService } from '../cache.service.js';
import type { CacheEngine } from '../desk/cache-engine.js';
import { keyTag } from '../entry/tags.js';
import type { Audit } from './audit.js';
import type { BoardAction, BoardAuditEntry } from './board-options.interface.js';
import type { EntryDesk } from './entry-desk.js';

/** What somebody asks for, as it came. */
interface Wish {
  readonly action?: unknown;
  readonly cache?: unknown;
  readonly key?: unknown;
  readonly tags?: unknown;
  readonly ids?: unknown;
}

export interface ActionAnswer {
  readonly status: 200 | 400 | 403 | 500;
  readonly body: { readonly ok: boolean; readonly message: string };
}

const SHOWN_LENGTH = 100;
const isList = (given: unknown): given is string[] =>
  Array.isArray(given) && given.length > 0 && given.length <= 100 && given.every((each) => typeof each === 'string');

/** What can be done from the board: each is allowed or not, and all of it is audited. */
export class BoardActions {
  constructor(
    private readonly engine: CacheEngine,
    private readonly service: CacheService,
    private readonly entries: EntryDesk,
    private readonly allowed: ReadonlySet<BoardAction>,
    private readonly audit: Audit,
  ) {}

  /** Never rejects. */
  async run(wish: Wish, by: string | undefined): Promise<ActionAnswer> {
    const action = typeof wish.action === 'string' ? wish.action.slice(0, SHOWN_LENGTH) : 'nothing';
    const about = { action, by, ...describe(wish) };
    if (!this.allowed.has(action as BoardAction)) {
      return this.#refuse(about, 403, 'this isn’t allowed here: see `actions` of CacheBoardModule');
    }
    const run = this.#prepared(action as BoardAction, wish);
    if (run === undefined) return this.#refuse(about, 400, 'something is missing, or isn’t what it should be');
    try {
      const detail = await run();
      this.audit.note({ ...about, outcome: 'done', detail });
      return { status: 200, body: { ok: true, message: detail } };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.audit.note({ ...about, outcome: 'failed', detail });
      return { status: 500, body: { ok: false, message: detail } };
    }
  }

  /** Somebody who may not ask at all. */
  refused(by: string | undefined, detail: string): void {
    this.audit.note({ action: 'unknown', by, outcome: 'refused', detail });
  }

  #refuse(about: Omit<BoardAuditEntry, 'at' | 'outcome' | 'detail'>, status: 400 | 403, detail: string): ActionAnswer {
    this.audit.note({ ...about, outcome: 'refused', detail });
    return { status, body: { ok: false, message: detail } };
  }

  /** `undefined` for a wish that makes no sense. */
  #prepared(action: BoardAction, { cache, key, tags, ids }: Wish): (() => Promise<string>) | undefined {
    if (action === 'invalidate') {
      return isList(tags) ? async () => said(await this.service.invalidate({ tags })) : undefined;
    }
    if (typeof cache !== 'string' || !this.engine.desks.has(cache)) return undefined;
    if (action === 'clear') return async () => said(await this.service.clear(cache));
    if (action === 'resend') {
      if (ids !== undefined && !isList(ids)) return undefined;
      return async () => `${await this.service.writeQueue(cache).resend(ids)} wait again`;
    }
    if (typeof key !== 'string') return undefined;
    return () => this.#touch(cache, this.entries.stored(cache, key), action);
  }

  async #touch(cache: string, key: string, action: 'evict' | 'refresh'): Promise<string> {
    const { region } = this.engine.deskOf(cache);
    const mode = action === 'evict' ? 'hard' : 'soft';
    const tags = [keyTag(region.name, key)];
    const result = await this.engine.invalidations.invalidate({ tags, mode, settled: false, againMs: 0 });
    if (action === 'evict') this.engine.forget(region, key);
    return said(result);
  }
}

const said = ({ status }: { readonly status: string }): string =>
  status === 'applied'
    ? 'done: every process knows, or will in a moment'
    : `${status}: in force here, and on its way to the others`;

function describe({ cache, key, tags }: Wish): Pick<BoardAuditEntry, 'cache' | 'key' | 'tags'> {
  return {
    ...(typeof cache === 'string' && { cache: cache.slice(0, SHOWN_LENGTH) }),
    ...(typeof key === 'string' && { key: key.slice(0, 10 * SHOWN_LENGTH) }),
    ...(isList(tags) && { tags: tags.map((tag) => tag.slice(0, SHOWN_LENGTH)) }),
  };
}
