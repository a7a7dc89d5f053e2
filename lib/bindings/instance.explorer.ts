import {
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { isObservable, Observable } from 'rxjs';
import { bindingsToken } from '../cache.constants.js';
import { CacheConfigurationError } from '../cache.errors.js';
import type { Problems } from '../options/option-reader.js';
import type { WriteSink } from '../write-behind/write-sink.interface.js';
import type { BindingRegistry } from './binding-registry.js';
import { giveBindings, takeBindings } from './host-bindings.js';
import { handlerKindOf } from './handler-kind.js';
import { injectedCachesOf, planOf, returnTypeOf, sinksOf } from './metadata.accessor.js';
import type { MethodBinding } from './method-binding.js';
import type { MethodPlan } from './method-plan.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Where the handlers of requests and messages are bound. */
export interface HandlerBinder {
  /** @param method as Nest will call it */
  bind(controller: Type, name: string, method: object, problems: Problems): void;
  /** Adds what is said of a class that can't be said of one that is no controller. */
  check(type: Type, isController: boolean, problems: Problems): void;
}

/** A class of the application, and an instance of it. */
export interface FoundHost {
  readonly prototype: Prototype;
  readonly instance: object | undefined;
  /** Whether there is one for the whole application. */
  readonly isSingle: boolean;
}

/** A decorated method of a class. */
export interface FoundMethod {
  readonly host: FoundHost;
  readonly plan: MethodPlan;
  readonly binding: MethodBinding;
}

/** Where warmers are found, and the methods that load for them. */
export interface WarmerFinder {
  look(host: FoundHost, problems: Problems): void;
  addMethod(method: FoundMethod): void;
  /** Once everything is known. */
  check(problems: Problems): void;
}

/** Who is told of what is found. */
export interface ExplorerParts {
  readonly bindings: BindingRegistry;
  readonly handlers: HandlerBinder;
  readonly warmers: WarmerFinder;
}

type Prototype = object & { readonly constructor: { readonly name: string } };

/**
 * Looks at every instance of the application once, when it starts: binds decorated methods, so that what is wrong
 * with them is known before the first request, and gives their bindings to instances Nest didn't inject into
 * (those of factories and values).
 */
export class InstanceExplorer implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly registry: BindingRegistry;
  private readonly handlers: HandlerBinder;
  private readonly warmers: WarmerFinder;
  readonly #provided = new Set<object>();
  readonly #sinks = new Map<WriteSink, { readonly cache: string; readonly where: string }>();

  constructor(
    private readonly discovery: DiscoveryService,
    { bindings, handlers, warmers }: ExplorerParts,
    private readonly registration: string,
    private readonly problems: Problems,
    /** Ends the registration: Nest doesn't shut down what didn't get to start. */
    private readonly close: () => Promise<void>,
  ) {
    this.registry = bindings;
    this.handlers = handlers;
    this.warmers = warmers;
  }

  async onModuleInit(): Promise<void> {
    this.#refuseSecondRegistration();
    const found: { plan: MethodPlan; className: string }[] = [];
    const seen = new Set<object>();
    const controllers = new Set(this.discovery.getControllers());
    for (const wrapper of [...this.discovery.getProviders(), ...controllers]) {
      const prototype = prototypeOf(wrapper);
      if (prototype === undefined) continue;
      // those of factories and values carry nothing yet
      const instance = wrapper.instance as object | null | undefined;
      const isGiven = typeof instance === 'object' && instance !== null;
      if (isGiven && giveBindings(instance, this.registry, this.registration)) this.#provided.add(instance);
      this.#checkInjectedCaches(prototype);
      this.#useSinks(prototype.constructor, wrapper);
      const host = hostOf(wrapper, prototype);
      this.warmers.look(host, this.problems);
      if (seen.has(prototype)) continue;
      seen.add(prototype);
      this.handlers.check(prototype.constructor as unknown as Type, controllers.has(wrapper), this.problems);
      for (const [name, method] of methodsOf(prototype)) {
        const plan = this.#inspect(host, name, method);
        if (plan !== undefined) found.push({ plan, className: prototype.constructor.name });
      }
    }
    for (const { plan, className } of found) this.registry.checkEvictions(plan, className, this.problems);
    this.#connectSinks();
    this.warmers.check(this.problems);
    this.#warnOfSharedCaches();
    if (this.problems.any) await this.close();
    this.problems.throwIfAny();
  }

  onApplicationBootstrap(): void {
    const log = new Logger('CacheModule');
    for (const [cache, queue] of this.registry.engine.writeQueues) {
      if (!queue.hasSink) {
        log.warn(
          `cache '${cache}' is written behind, and nothing in this process is its sink: give a provider ` +
            `@CacheSink('${cache}'), unless another process writes`,
        );
      }
      if (!queue.queue.isDurable && this.registry.engine.enabled) {
        log.warn(
          `cache '${cache}' is written behind without Redis: what waits for its sink when this process dies is lost`,
        );
      }
    }
  }

  onApplicationShutdown(): void {
    for (const instance of this.#provided) takeBindings(instance, this.registration);
  }

  #refuseSecondRegistration(): void {
    const token = bindingsToken(this.registration);
    const registries = new Set(
      this.discovery
        .getProviders()
        .filter((wrapper) => wrapper.token === token && wrapper.instance !== undefined && wrapper.instance !== null)
        .map((wrapper) => wrapper.instance as unknown),
    );
    if (registries.size < 2) return;
    this.problems.add(
      `CacheModule.forRoot (registration '${this.registration}')`,
      'is imported more than once; import it in the root module only (it is global), add named caches with ' +
        'CacheModule.forFeature, or give the other one a `registration` name',
    );
  }

  #inspect(host: FoundHost, name: string, method: unknown): MethodPlan | undefined {
    const { prototype } = host;
    const className = prototype.constructor.name;
    const where = `${className}.${name}`;
    const plan = planOf(method);
    const isHandler = handlerKindOf(method) !== undefined;
    if (isHandler) this.handlers.bind(prototype.constructor as unknown as Type, name, method as object, this.problems);
    if (plan === undefined || plan.registration !== this.registration) return undefined;
    const cachesNothing = plan.operations.every(({ kind }) => kind === 'tags');
    if (cachesNothing && !isHandler)
      this.problems.add(where, 'has @CacheTags but nothing that caches; add @Cacheable()');
    if (!isHandler) this.#refuseSynchronous(plan, where);
    const binding = this.registry.hostOf(prototype.constructor).tryToBind(plan, this.problems);
    if (binding !== undefined) this.warmers.addMethod({ host, plan, binding });
    return plan;
  }

  /** A method that returns at once can't be answered from a cache. */
  #refuseSynchronous(plan: MethodPlan, where: string): void {
    const type = returnTypeOf(plan.target, plan.propertyKey);
    if (typeof type !== 'function' || type === Object || type === Promise) return;
    if (type === Function) return; // what the compiler notes of a type that is only imported as one
    if (typeof (type.prototype as { then?: unknown } | undefined)?.then === 'function') return;
    const returnsObservable = type === Observable || isObservable(type.prototype);
    const saysSo = plan.find('read')?.settings.returns === 'observable';
    const onlyEvicts = plan.operations.every(({ kind }) => kind === 'evict' || kind === 'tags');
    if (returnsObservable && (saysSo || onlyEvicts)) return;
    this.problems.add(
      where,
      returnsObservable
        ? "returns an Observable: say `returns: 'observable'`"
        : `returns ${type.name}; make it \`async\`, so that it returns a Promise`,
    );
  }

  /** Providers that writes wait for. */
  #useSinks(type: object & { readonly name: string }, wrapper: Wrapper): void {
    for (const { cache, registration } of sinksOf(type)) {
      if (registration !== this.registration) continue;
      const where = `${type.name} @CacheSink('${cache}')`;
      const { engine } = this.registry;
      const problem = engine.desks.has(cache) ? undefined : engine.unknown(cache);
      if (problem !== undefined) this.problems.add(where, problem);
      else if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient)
        this.problems.add(where, 'is made for each request or use; a sink has to be a singleton');
      else if (wrapper.instance !== undefined) this.#sinks.set(wrapper.instance as WriteSink, { cache, where });
    }
  }

  /** Once every method is bound it is known which caches are written behind. */
  #connectSinks(): void {
    const { engine } = this.registry;
    for (const [sink, { cache, where }] of this.#sinks) {
      try {
        engine.writeQueueOf(cache).useSink(sink);
      } catch (error) {
        if (!(error instanceof CacheConfigurationError)) throw error;
        for (const { problem } of error.problems) this.problems.add(where, problem);
      }
    }
  }

  #checkInjectedCaches(prototype: object): void {
    for (const { name, registration } of injectedCachesOf(prototype.constructor)) {
      if (registration !== this.registration || this.registry.engine.desks.has(name)) continue;
      this.problems.add(`${prototype.constructor.name} @InjectCache('${name}')`, this.registry.engine.unknown(name));
    }
  }

  /** Two instances of one class answer for each other; if they differ in more than identity, that is a mistake. */
  #warnOfSharedCaches(): void {
    const instances = new Map<string, Set<unknown>>();
    for (const wrapper of this.discovery.getProviders()) {
      const prototype = prototypeOf(wrapper);
      if (prototype === undefined || !wrapper.isDependencyTreeStatic() || wrapper.isTransient) continue;
      const plans = methodsOf(prototype).map(([, method]) => planOf(method));
      if (!plans.some((plan) => plan?.find('read') !== undefined && plan.registration === this.registration)) continue;
      const { name } = prototype.constructor;
      instances.set(name, (instances.get(name) ?? new Set()).add(wrapper.instance));
    }
    for (const [name, { size }] of instances) {
      if (size < 2) continue;
      new Logger('CacheModule').warn(
        `${size} instances of ${name} share its caches; if they don't return the same for the same arguments, say ` +
          'which `cache` each uses, or give them a `scope`',
      );
    }
  }
}

function hostOf(wrapper: Wrapper, prototype: Prototype): FoundHost {
  const instance = (wrapper.instance as object | null | undefined) ?? undefined;
  const isSingle = instance !== undefined && wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
  return { prototype, instance, isSingle };
}

function prototypeOf(wrapper: Wrapper): Prototype | undefined {
  const instance: unknown = wrapper.instance;
  if (typeof instance === 'object' && instance !== null) {
    const prototype = Object.getPrototypeOf(instance) as object | null;
    return prototype === null || prototype === Object.prototype ? undefined : prototype;
  }
  // per request or per use: the class is known, its instances aren't; of a factory neither
  const { metatype } = wrapper;
  const isClass = typeof metatype === 'function' && (wrapper.inject === null || wrapper.inject === undefined);
  return isClass ? (metatype.prototype as object | undefined) : undefined;
}

/** Names and methods of a class, inherited ones included; of an overridden method the overriding one. */
function methodsOf(prototype: object): [string, unknown][] {
  const methods = new Map<string, unknown>();
  for (let level: object | null = prototype; level !== null && level !== Object.prototype;) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value === 'function' && name !== 'constructor' && !methods.has(name)) methods.set(name, value);
    }
    level = Object.getPrototypeOf(level) as object | null;
  }
  return [...methods];
}
