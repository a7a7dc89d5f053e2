import { isObservable, tap } from 'rxjs';
import { runningLoad } from '../flow/scope.js';
import { run, type Call } from './call.js';
import type { CallTags } from './tag-sources.js';

/** What only the call of a handler can say of its answer: by the time it is run, its arguments are known. */
export interface BoundHandler {
  readonly tags: CallTags;
  readonly unless: ((result: unknown, ...args: unknown[]) => boolean) | undefined;
}

/**
 * Runs a handler inside the load that an interceptor has begun, and tells that load what the arguments and the result say
 * of the answer. Outside of one it just runs.
 */
export function runHandler(call: Call, { tags, unless }: BoundHandler): unknown {
  const load = runningLoad();
  const result = run(call);
  if (load === undefined || (!tags.dependOnCall && unless === undefined)) return result;
  const { args } = call;
  const note = (value: unknown): unknown => {
    try {
      load.tags(...tags.ofArguments(args), ...(tags.ofResult?.(value, args) ?? []));
      if (unless?.(value, ...args) === true) load.skip();
    } catch (error) {
      load.refuse(error); // it is answered all the same
    }
    return value;
  };
  if (isObservable(result)) return result.pipe(tap(note));
  return isThenable(result) ? result.then(note) : note(result);
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
