import type { TagSource } from './method-plan.js';

/** The tags of a call, from everything that was said about them. */
export interface CallTags {
  readonly ofArguments: (args: readonly unknown[]) => readonly string[];
  /** `undefined` when no tag depends on the result. */
  readonly ofResult: ((result: unknown, args: readonly unknown[]) => readonly string[]) | undefined;
  /** Those of every call. */
  readonly constant: readonly string[];
  /** Whether there are others. */
  readonly dependOnCall: boolean;
}

type TagFunction = (...args: unknown[]) => readonly string[];

export function combineTags(sources: readonly (TagSource | undefined)[]): CallTags {
  const constant: string[] = [];
  const byArguments: TagFunction[] = [];
  const byResult: TagFunction[] = [];
  for (const source of sources) {
    if (typeof source === 'string') constant.push(source);
    else if (typeof source === 'function') byArguments.push(source as TagFunction);
    else if (source !== undefined && 'fromResult' in source) byResult.push(source.fromResult as TagFunction);
    else if (source !== undefined) constant.push(...source);
  }
  return {
    constant,
    dependOnCall: byArguments.length > 0 || byResult.length > 0,
    ofArguments: (args) =>
      byArguments.length === 0 ? constant : [...constant, ...byArguments.flatMap((tags) => tags(...args))],
    ofResult: byResult.length === 0 ? undefined : (result, args) => byResult.flatMap((tags) => tags(result, ...args)),
  };
}
