import { addTags } from '../bindings/metadata.accessor.js';
import type { AnyMethod, ArgumentFunction, FitsTags } from './method-types.js';

type Tag = string | ArgumentFunction<readonly string[]> | { readonly fromResult: ArgumentFunction<readonly string[]> };

/** Every one of them fits. */
type AllFit<T extends readonly unknown[], M extends AnyMethod> = T extends readonly [infer First, ...infer Rest]
  ? FitsTags<First, M> & AllFit<Rest, M>
  : unknown;

/**
 * Tags of the entries of a cached method, in addition to those of its `@Cacheable`; above or below it.
 *
 * @param tags texts, functions of the arguments, or `{ fromResult: (result, ...args) => [...] }`
 * @example
 * \@Cacheable()
 * \@CacheTags('users', (id: string) => [`user:${id}`])
 * findOne(id: string): Promise<User | null> { … }
 */
export function CacheTags<const T extends readonly Tag[] = readonly (() => string[])[]>(...tags: T) {
  return <M extends AnyMethod>(
    target: object,
    propertyKey: string | symbol,
    _descriptor: TypedPropertyDescriptor<M> & AllFit<T, M>,
  ): void => {
    addTags(target, propertyKey, tags);
  };
}
