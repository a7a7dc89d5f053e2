import { CacheLoadFailedError } from '../cache.errors.js';
import type { LoadContext } from '../flow/load-collector.js';
import { runningLoad, withScope } from '../flow/scope.js';

/** Outside a load there is nothing to say anything about: unit tests and direct calls go on as if there were. */
const NO_LOAD: LoadContext = {
  tags: () => undefined,
  ttl: () => undefined,
  skip: () => undefined,
  signal: new AbortController().signal,
  stale: undefined,
  fail: (reason) => {
    throw reason instanceof Error ? reason : new CacheLoadFailedError(reason);
  },
};

/**
 * Inside a cached method: a say in how its result is cached. Elsewhere it does nothing.
 * With `nested: false` it has to be called before the method first awaits.
 *
 * @example
 * const user = await this.db.user(id);
 * currentLoad().ttl(user.isGuest ? '10s' : '10m');
 */
export const currentLoad = (): LoadContext => runningLoad() ?? NO_LOAD;

/**
 * Runs something with every cached call inside going to the source, and nothing stored.
 *
 * @example const fromDatabase = await bypass(() => this.users.findOne(id));
 */
export const bypass = <T>(run: () => T): T => withScope({ bypass: true }, run);
