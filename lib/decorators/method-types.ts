import type { Observable } from 'rxjs';

/** Any method. `any` because a type parameter has to take every method there is. */
// oxlint-disable-next-line no-explicit-any
export type AnyMethod = (...args: any[]) => unknown;

/** Any function of arguments whose types only the method knows. */
// oxlint-disable-next-line no-explicit-any
export type ArgumentFunction<R> = (...args: any) => R;

/** What a method resolves to, or what its Observable emits. */
export type ResultOf<M extends AnyMethod> = ReturnType<M> extends Observable<infer E> ? E : Awaited<ReturnType<M>>;

/** Compiles when a function takes the arguments of the method, or fewer. */
export type FitsArguments<F, M extends AnyMethod> = F extends AnyMethod
  ? F extends (...args: Parameters<M>) => unknown
    ? unknown
    : { 'this function takes other arguments than the method': Parameters<M> }
  : unknown;

/** Compiles when a function takes the result of the method and then its arguments, or fewer. */
export type FitsResult<F, M extends AnyMethod> = F extends AnyMethod
  ? F extends (result: ResultOf<M>, ...args: Parameters<M>) => unknown
    ? unknown
    : {
        'this function takes other arguments than the result of the method, followed by its arguments': [
          ResultOf<M>,
          ...Parameters<M>,
        ];
      }
  : unknown;

/** Compiles when tags are texts, or functions that fit the method. */
export type FitsTags<T, M extends AnyMethod> = T extends { fromResult: infer F }
  ? FitsResult<F, M>
  : FitsArguments<T, M>;

/** Tags: texts, a function of the arguments, or of the result followed by the arguments. */
export type TagsOption =
  | readonly string[]
  | ArgumentFunction<readonly string[]>
  | { readonly fromResult: ArgumentFunction<readonly string[]> };

/** A method that returns a Promise, or with `returns: 'observable'` an Observable; a handler returns anything. */
export type MethodReturning<R> = R extends 'response'
  ? unknown
  : R extends 'observable'
    ? Observable<unknown>
    : Promise<unknown>;

/** Nothing is concluded about a type from here; TypeScript has `NoInfer` for it only since 5.4. */
export type Fixed<T> = [T][T extends unknown ? 0 : never];

/** The class of a method whose calls are loaded by another one, called `L`, many at a time. */
export type LoadsMany<L extends string, M extends AnyMethod> = [L] extends [never]
  ? object
  : {
      readonly [Name in L]: (
        args: Parameters<M>[0][],
      ) => Promise<
        | readonly (NonNullable<ResultOf<M>> | null | undefined)[]
        | ReadonlyMap<Parameters<M>[0], NonNullable<ResultOf<M>> | null | undefined>
      >;
    };
