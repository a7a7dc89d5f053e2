import type { CacheService } from '../cache.service.js';
import { NEEDS_EVENTS, type CacheEngine } from '../desk/cache-engine.js';
import { checkDecoratorOptions } from '../options/decorator-options.js';
import { Problems } from '../options/option-reader.js';
import { overrideReadOptions } from '../options/read-options.js';
import { addType, CACHE_FIELDS } from '../options/resolve-options.js';
import { WRITE_BEHIND_FIELDS } from '../options/write-behind-options.js';
import { bindAutoBatch } from './auto-batch.binding.js';
import { keyByArguments, keyByFunction } from './call-key.js';
import { handlerKindOf, type HandlerKind } from './handler-kind.js';
import { tagsOf } from './metadata.accessor.js';
import { MethodCaches } from './method-caches.js';
import { MethodBinding, type BoundCache, type BoundEviction } from './method-binding.js';
import {
  DECORATOR_NAMES,
  type EvictSettings,
  type MethodPlan,
  type MethodReadSettings,
  type Operation,
  type WriteBehindSettings,
} from './method-plan.js';
import { combineTags } from './tag-sources.js';

/** The decorated methods of one class in one application; what a decorated instance carries. */
export class HostBindings {
  /** By the index of the plan. */
  readonly list: (MethodBinding | undefined)[] = [];

  constructor(
    private readonly registry: BindingRegistry,
    readonly className: string,
  ) {}

  /** @throws CacheConfigurationError when the decorators of the method can't be right */
  bind(plan: MethodPlan): MethodBinding {
    const problems = new Problems();
    const binding = this.tryToBind(plan, problems);
    problems.throwIfAny();
    return binding!;
  }

  tryToBind(plan: MethodPlan, problems: Problems): MethodBinding | undefined {
    return (this.list[plan.index] ??= this.registry.bind(plan, this.className, problems));
  }
}

const METHOD_FIELDS = ['cache', 'key', 'tags', 'condition', 'unless', 'returns', 'type', 'registration'];
const MORE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  '@Cacheable': ['autoBatch'],
  '@CacheableMany': ['maxSize', 'ttlOf'],
  '@CachePut': ['invalidates'],
  '@WriteBehind': ['invalidates', ...WRITE_BEHIND_FIELDS],
};
const EVICT_FIELDS = [
  'tags',
  'cache',
  'key',
  'all',
  'before',
  'condition',
  'mode',
  'settled',
  'again',
  'emit',
  'registration',
];

/** At most one of these answers the calls of a method. */
const ANSWERING: ReadonlySet<Operation['kind']> = new Set(['read', 'many', 'put', 'behind']);

const HANDLERS: Readonly<Record<HandlerKind, string>> = {
  route: 'a route handler',
  message: 'a message handler',
  event: 'an event handler',
  resolver: 'a GraphQL resolver',
  socket: 'a WebSocket handler',
};

/** Binds the decorated methods of one registration. */
export class BindingRegistry {
  readonly #hosts = new WeakMap<object, HostBindings>();
  readonly caches: MethodCaches;
  /** Which method uses its arguments as the key of a named cache. */
  readonly #argumentKeys = new Map<string, string>();

  constructor(
    readonly engine: CacheEngine,
    readonly service: CacheService,
  ) {
    this.caches = new MethodCaches(engine);
  }

  /** The bindings of a class: subclasses have their own, because the caches of their methods are their own. */
  hostOf(constructor: { readonly name: string }): HostBindings {
    const known = this.#hosts.get(constructor);
    if (known !== undefined) return known;
    const host = new HostBindings(this, constructor.name);
    this.#hosts.set(constructor, host);
    return host;
  }

  bind(plan: MethodPlan, className: string, problems: Problems): MethodBinding | undefined {
    const where = `${className}.${String(plan.propertyKey)}`;
    const read = plan.find('read');
    const many = plan.find('many');
    const put = plan.find('put');
    const behind = plan.find('behind');
    const kind = handlerKindOf((plan.target as Record<string | symbol, unknown>)[plan.propertyKey]);
    if (kind !== undefined) return this.#bindHandler(plan, where, kind, problems);
    const answering = plan.operations.filter((operation) => ANSWERING.has(operation.kind));
    if (answering.length > 1) {
      const names = answering
        .map((operation) => DECORATOR_NAMES[operation.kind])
        .sort()
        .join(' and ');
      problems.add(where, `has ${names}; a method reads through the cache or writes through it, once`);
      return undefined;
    }
    const boundRead = read && this.#cache(plan, className, '@Cacheable', read.settings, problems);
    const boundMany = many && this.#cache(plan, className, '@CacheableMany', many.settings, problems);
    const boundPut = put && this.#cache(plan, className, '@CachePut', put.settings, problems);
    const boundBehind = behind && this.#cache(plan, className, '@WriteBehind', behind.settings, problems);
    if ((read && !boundRead) || (many && !boundMany) || (put && !boundPut) || (behind && !boundBehind))
      return undefined;
    if (boundBehind) this.#openQueue(boundBehind, behind.settings, `${where} @WriteBehind`, problems);
    const operations = {
      read: boundRead,
      autoBatch:
        boundRead?.settings.autoBatch === undefined
          ? undefined
          : bindAutoBatch(plan, className, boundRead, this.engine, problems),
      many: boundMany && { ...boundMany, settings: many.settings },
      put: boundPut && { ...boundPut, invalidates: combineTags([put?.settings.invalidates]) },
      behind: boundBehind && { ...boundBehind, invalidates: combineTags([behind?.settings.invalidates]) },
      evictions: plan.evictions.map((settings) => this.#eviction(settings, where, problems)),
    };
    return new MethodBinding(operations, this.engine, this.service, () => where);
  }

  #openQueue({ desk }: BoundCache, settings: WriteBehindSettings, where: string, problems: Problems): void {
    const given = Object.fromEntries(WRITE_BEHIND_FIELDS.map((field) => [field, settings[field]]));
    this.engine.writeBehind(desk, given, where, problems);
  }

  /** The answers of a handler are cached by an interceptor, which knows the request; what is left is said of its calls. */
  #bindHandler(plan: MethodPlan, where: string, kind: HandlerKind, problems: Problems): MethodBinding | undefined {
    const isUnknown = kind === 'resolver' || kind === 'socket';
    const refused = plan.operations.filter(
      (operation) => isUnknown || operation.kind === 'many' || operation.kind === 'put' || operation.kind === 'behind',
    );
    if (refused.length > 0) {
      const decorators = [...new Set(refused.map((operation) => DECORATOR_NAMES[operation.kind]))].join(', ');
      problems.add(
        where,
        `${decorators} on ${HANDLERS[kind]}: the arguments of a handler don't tell its requests apart, so two could get one ` +
          'answer; decorate the service method it calls',
      );
      return undefined;
    }
    const read = plan.find('read')?.settings;
    const operations = {
      read: undefined,
      many: undefined,
      put: undefined,
      evictions: plan.evictions.map((settings) => this.#eviction(settings, where, problems)),
      handler: {
        tags: combineTags([read?.tags, ...tagsOf(plan.target, plan.propertyKey)]),
        unless: read?.unless as ((...args: unknown[]) => boolean) | undefined,
      },
    };
    return new MethodBinding(operations, this.engine, this.service, () => where);
  }

  #cache(
    plan: MethodPlan,
    className: string,
    decorator: string,
    settings: MethodReadSettings,
    problems: Problems,
  ): BoundCache | undefined {
    const method = `${className}.${String(plan.propertyKey)}`;
    const where = `${method} ${decorator}`;
    const more = MORE_FIELDS[decorator] ?? [];
    if (!checkDecoratorOptions(settings, [...CACHE_FIELDS, ...METHOD_FIELDS, ...more], where, problems))
      return undefined;
    if (decorator !== '@Cacheable' && settings.key === undefined) {
      problems.add(where, 'needs `key`, a function that finds the key in the result');
    }
    if (typeof settings.scope === 'function' && settings.scope.length > 0) {
      problems.add(
        `${where}.scope`,
        'takes an argument, which only the `scope` of a route or message handler is given',
      );
    }
    if (settings.cache !== undefined && !this.engine.desks.has(settings.cache)) {
      overrideReadOptions(this.engine.readDefaults, settings, where, problems); // for what else is wrong
    }
    const own = typeof plan.propertyKey === 'symbol' ? undefined : method;
    const desk = this.caches.deskFor(settings, own, where, problems);
    if (desk === undefined) return undefined;
    const { region } = desk;
    if (settings.type !== undefined) addType(region.options.types, settings.type, `${where}.type`, problems);
    if (settings.key === undefined) region.keyedByArguments = true;
    if (settings.key === undefined) this.#claimArgumentKeys(region.name, method, where, problems);
    const describe = (): string => method;
    return {
      desk,
      settings,
      options: overrideReadOptions(region.options.read, settings, where, problems),
      callKey:
        settings.key === undefined
          ? keyByArguments(region.options.types, describe)
          : keyByFunction(settings.key as (...args: unknown[]) => unknown, region, describe),
      tags: combineTags([settings.tags, ...tagsOf(plan.target, plan.propertyKey)]),
    };
  }

  /** Two methods with their bare arguments as keys of one cache would get each other's values. */
  #claimArgumentKeys(cache: string, method: string, where: string, problems: Problems): void {
    const other = this.#argumentKeys.get(cache);
    if (other === undefined || other === method) this.#argumentKeys.set(cache, method);
    else
      problems.add(
        where,
        `and ${other} both use cache '${cache}' without a \`key\`; give each a \`key\` or a cache of its own`,
      );
  }

  #eviction(settings: EvictSettings, where: string, problems: Problems): BoundEviction {
    const place = `${where} @CacheEvict`;
    checkDecoratorOptions(settings, EVICT_FIELDS, place, problems);
    const { tags, cache, key, all } = settings;
    if (tags === undefined && cache === undefined && all !== true) {
      problems.add(place, 'says nothing to evict: give `tags`, `cache` with or without `key`, or `all: true`');
    }
    if (key !== undefined && cache === undefined)
      problems.add(place, 'has a `key` and needs the `cache` it is a key of');
    if (cache !== undefined && key === undefined && tags !== undefined) {
      problems.add(
        place,
        `has \`tags\` and would clear all of cache '${cache}' as well; say one of them, or add a \`key\``,
      );
    }
    return { settings, tags: combineTags([tags]) };
  }

  /** What evictions name has to be there once every method is bound. */
  checkEvictions(plan: MethodPlan, className: string, problems: Problems): void {
    for (const { cache, emit } of plan.evictions) {
      if (emit === true && this.engine.announcer === undefined)
        problems.add(`${className}.${String(plan.propertyKey)} @CacheEvict.emit`, NEEDS_EVENTS);
      if (cache === undefined || this.engine.desks.has(cache)) continue;
      problems.add(
        `${className}.${String(plan.propertyKey)} @CacheEvict`,
        `cache '${cache}': ${this.engine.unknown(cache)}`,
      );
    }
  }
}
