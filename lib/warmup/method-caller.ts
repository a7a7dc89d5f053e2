import { isObservable, lastValueFrom } from 'rxjs';
import type { FoundHost } from '../bindings/instance.explorer.js';
import type { WarmTarget } from './warmer.js';

/** Calls a method with one item: a list of arguments, or the only one. */
export const caller =
  ({ instance }: FoundHost, method: string): WarmTarget['call'] =>
  ([item]) => {
    const args: unknown[] = Array.isArray(item) ? item : [item];
    const result = (instance as Record<string, (...args: unknown[]) => unknown>)[method]!(...args);
    return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
  };
