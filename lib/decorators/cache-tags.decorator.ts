import { addClassTags, addTags } from '../bindings/metadata.accessor.js';
import { decorateMethod } from '../bindings/method-wrapper.js';
import { applyInterceptor } from './apply-interceptor.js';
import type { AnyMethod, ArgumentFunction, FitsTags } from './method-types.js';

type Tag = string | ArgumentFunction<readonly string[]> | { readonly fromResult: ArgumentFunction<readonly string[]> };

/** Every one of them fits. */
type AllFit<T extends readonly unknown[], M extends AnyMethod> = T extends readonly [infer First, ...infer Rest]
  ? FitsTags<First, M> & AllFit<Rest, M>
  : unknown;

/** Decorates a method, or with texts alone a controller. */
export interface CacheTagsDecorator<T extends readonly Tag[]> {
  <M extends AnyMethod>(
    target: object,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & AllFit<T, M>,
  ): void;
  (
    controller: (abstract new (...args: never[]) => object) &
      (T extends readonly string[] ? unknown : { 'tags of a controller are texts': T }),
  ): void;
}

/**
 * Tags of the entries of a cached method, in addition to those of its `@Cacheable`; above or below it. On a route or
 * message handler they are enough for its answers to be cached; on a controller they are those of every cached handler.
 *
 * @param tags texts, functions of the arguments, or `{ fromResult: (result, ...args) => [...] }`
 * @example
 * \@Cacheable()
 * \@CacheTags('users', (id: string) => [`user:${id}`])
 * findOne(id: string): Promise<User | null> { … }
 */
export function CacheTags<const T extends readonly Tag[] = readonly (() => string[])[]>(
  ...tags: T
): CacheTagsDecorator<T> {
  return (target: object, propertyKey?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (propertyKey === undefined) return addClassTags(target, tags as readonly unknown[] as readonly string[]);
    addTags(target, propertyKey, tags);
    decorateMethod(target, propertyKey, descriptor, { kind: 'tags', settings: {} });
    applyInterceptor(target, propertyKey, descriptor!);
  };
}
