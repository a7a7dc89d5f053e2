import { defer, from, isObservable, mergeMap, type Observable } from 'rxjs';
import { LIMITS } from '../cache.constants.js';
import { CacheConfigurationError, CacheOverloadError } from '../cache.errors.js';

/** Everything an Observable emits until it completes, as one value. The signal ends the subscription. */
export function collect(source: unknown, signal: AbortSignal, describe: () => string): Promise<unknown[]> {
  if (!isObservable(source)) {
    const problem = `\`returns: 'observable'\` was said, and the method returned ${typeof source}`;
    return Promise.reject(new CacheConfigurationError([{ where: describe(), problem }]));
  }
  return new Promise((resolve, reject) => {
    const values: unknown[] = [];
    const subscription = source.subscribe({
      next: (value) => {
        values.push(value);
        if (values.length <= LIMITS.emissions) return;
        queueMicrotask(() => subscription.unsubscribe());
        reject(
          new CacheOverloadError(`${describe()}: an Observable of more than ${LIMITS.emissions} values isn't cached`),
        );
      },
      error: reject,
      complete: () => resolve(values),
    });
    signal.addEventListener('abort', () => {
      subscription.unsubscribe();
      reject(signal.reason as Error);
    });
  });
}

/** The values of a cached Observable again; every subscription is a read of its own. */
export const replay = (read: () => Promise<unknown>): Observable<unknown> =>
  defer(() => from(read())).pipe(mergeMap((values) => from(values as unknown[])));
