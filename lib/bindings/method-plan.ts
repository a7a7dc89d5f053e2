import type { CacheableType } from '../entry/cacheable-types.js';
import type { CacheOptions, WriteBehindOptions } from '../options/cache-options.interface.js';
import type { Duration } from '../options/duration.js';

export type AnyFunction = (...args: never[]) => unknown;

/** Tags that don't depend on the result, or do. */
export type TagSource =
  | string
  | readonly string[]
  | ((...args: never[]) => readonly string[])
  | { readonly fromResult: (...args: never[]) => readonly string[] };

/** What a decorator says of the batches that its calls become. */
export interface AutoBatchSettings {
  readonly load: string;
  readonly key?: ((item: never) => unknown) | undefined;
  readonly maxSize?: number | undefined;
  readonly within?: 'tick' | Duration | undefined;
}

/** Options of a cached method that are not those of its cache. */
export interface MethodReadSettings extends Omit<CacheOptions, 'tags'> {
  readonly cache?: string | undefined;
  readonly key?: ((...args: never[]) => string | number | bigint) | undefined;
  readonly tags?: TagSource | undefined;
  readonly condition?: ((...args: never[]) => boolean) | undefined;
  readonly unless?: ((...args: never[]) => boolean) | undefined;
  readonly returns?: 'promise' | 'observable' | 'response' | undefined;
  readonly autoBatch?: AutoBatchSettings | undefined;
  readonly type?: CacheableType | undefined;
  readonly registration?: string | undefined;
}

/** Of a method that reads many: what only it can say. */
export interface MethodManySettings extends MethodReadSettings {
  readonly maxSize?: number | undefined;
  /** `ttl` where it is a function of the item. */
  readonly ttlOf?: ((item: never) => Duration | undefined) | undefined;
}

export interface EvictSettings {
  readonly tags?: TagSource | undefined;
  readonly cache?: string | undefined;
  readonly key?: ((...args: never[]) => string | number | bigint) | undefined;
  readonly all?: boolean | undefined;
  readonly before?: boolean | undefined;
  readonly condition?: ((...args: never[]) => boolean) | undefined;
  readonly mode?: 'hard' | 'soft' | undefined;
  readonly settled?: boolean | undefined;
  readonly again?: Duration | undefined;
  readonly emit?: boolean | undefined;
  readonly registration?: string | undefined;
}

export type WriteBehindSettings = MethodReadSettings &
  WriteBehindOptions & { readonly invalidates?: TagSource | undefined };

/** What one decorator asks for. */
export type Operation =
  | { readonly kind: 'read'; readonly settings: MethodReadSettings }
  | { readonly kind: 'many'; readonly settings: MethodManySettings }
  | { readonly kind: 'put'; readonly settings: MethodReadSettings & { readonly invalidates?: TagSource | undefined } }
  | { readonly kind: 'behind'; readonly settings: WriteBehindSettings }
  | { readonly kind: 'evict'; readonly settings: EvictSettings }
  /** Tags for what another decorator caches, or for the answers of a handler, which they are enough for. */
  | { readonly kind: 'tags'; readonly settings: { readonly registration?: string | undefined } };

export const DECORATOR_NAMES: Readonly<Record<Operation['kind'], string>> = {
  read: '@Cacheable',
  many: '@CacheableMany',
  put: '@CachePut',
  behind: '@WriteBehind',
  evict: '@CacheEvict',
  tags: '@CacheTags',
};

let plans = 0;

/** Everything the decorators of one method ask for. Complete when its class is defined; bound by each application. */
export class MethodPlan {
  /** Its place in the bindings of a host. */
  readonly index = plans++;
  readonly operations: Operation[] = [];

  constructor(
    /** The prototype the method was decorated on. */
    readonly target: object,
    readonly propertyKey: string | symbol,
    readonly original: AnyFunction,
    readonly registration: string,
  ) {}

  get className(): string {
    return this.target.constructor.name;
  }

  find<K extends Operation['kind']>(kind: K): Extract<Operation, { kind: K }> | undefined {
    return this.operations.find((operation): operation is Extract<Operation, { kind: K }> => operation.kind === kind);
  }

  get evictions(): readonly EvictSettings[] {
    return this.operations.flatMap((operation) => (operation.kind === 'evict' ? [operation.settings] : []));
  }
}
