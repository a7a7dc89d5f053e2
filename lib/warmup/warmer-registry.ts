import { handlerKindOf } from '../bindings/handler-kind.js';
import type { FoundHost, FoundMethod } from '../bindings/instance.explorer.js';
import { planOf } from '../bindings/metadata.accessor.js';
import { DEFAULT_REGISTRATION } from '../cache.constants.js';
import type { CacheDesk } from '../desk/cache-desk.js';
import type { CacheEngine } from '../desk/cache-engine.js';
import { isMisspelt, type Problems } from '../options/option-reader.js';
import type { WarmContext, WarmerSettings } from './warmer-settings.js';
import { warmersOf } from './warmer-settings.js';
import { LearnedCache } from './learned-cache.js';
import { caller } from './method-caller.js';
import { readWarmerOptions } from './warmer-options.js';
import type { Warmer, WarmTarget } from './warmer.js';

type Method = (...args: unknown[]) => unknown;

/** A warmer that was found, and where. */
interface Found {
  readonly host: FoundHost;
  readonly method: string;
  readonly settings: WarmerSettings;
}

/** A cached method and what it reads. */
interface Reader extends FoundMethod {
  readonly desk: CacheDesk;
}

const NOTHING_TO_LEARN =
  'nothing can be learned: no @Cacheable or @CacheableMany method of a provider there is one of reads this cache';

/** The warmers of a registration: found when the application starts, and refused there if they can't be right. */
export class WarmerRegistry {
  readonly warmers: Warmer[] = [];
  /** Caches whose hottest calls are learned. */
  readonly learned: LearnedCache[] = [];
  readonly #found = new Map<string, Found>();
  readonly #readers: Reader[] = [];

  constructor(
    private readonly engine: CacheEngine,
    private readonly registration: string,
  ) {}

  /** A provider or controller of the application. */
  look(host: FoundHost, problems: Problems): void {
    for (const [method, [settings, ...more]] of warmersOf(host.prototype.constructor)) {
      if ((settings?.registration ?? DEFAULT_REGISTRATION) !== this.registration) continue;
      const name = `${host.prototype.constructor.name}.${method}`;
      const where = `${name} @CacheWarmer`;
      if (more.length > 0) problems.add(where, 'is there twice; say every occasion in one list, `on: [...]`');
      const other = this.#found.get(name);
      if (other === undefined || (!other.host.isSingle && host.isSingle))
        this.#found.set(name, { host, method, settings: settings! });
      else if (other.host.prototype !== host.prototype)
        problems.add(
          where,
          'another class of that name has such a warmer, and processes tell them apart by their names',
        );
    }
  }

  /** A cached method of the application. */
  addMethod(found: FoundMethod): void {
    const desk = found.binding.reading?.desk;
    if (desk !== undefined) this.#readers.push({ ...found, desk });
  }

  #learn(problems: Problems): void {
    for (const [name, desk] of this.engine.desks) {
      const { warm } = desk.region.options;
      const methods = this.#readers.filter(
        ({ desk: own, host, plan }) => own === desk && host.isSingle && plan.evictions.length === 0,
      );
      if (warm?.isOwn === true && methods.length === 0) problems.add(`caches.${name}.warm`, NOTHING_TO_LEARN);
      if (warm === undefined || methods.length === 0) continue;
      const learned = new LearnedCache(desk, warm, this.engine.parts);
      for (const method of methods) learned.learnFrom(method);
      this.learned.push(learned);
      this.warmers.push(learned.warmer);
    }
  }

  /** Once every cache and every cached method is known. */
  check(problems: Problems): void {
    for (const [name, found] of this.#found) {
      const warmer = this.#bind(name, found, problems);
      if (warmer !== undefined) this.warmers.push(warmer);
    }
    if (this.engine.enabled) this.#learn(problems);
  }

  #bind(name: string, { host, method, settings }: Found, problems: Problems): Warmer | undefined {
    const where = `${name} @CacheWarmer`;
    const options = readWarmerOptions(settings, where, problems);
    const list = (host.prototype as unknown as Record<string, Method>)[method];
    if (handlerKindOf(list) !== undefined)
      problems.add(where, 'is on a handler, which is called by requests; decorate a method of a provider');
    const single = isSingle(host, where, problems);
    const target = options && this.#target(settings, host, options.batch, where, problems);
    if (options === undefined || target === undefined || !single || typeof list !== 'function') return undefined;
    return {
      name,
      target,
      list: (context: WarmContext) => list.call(host.instance, context),
      ...options,
      doneForMs: Math.min(options.doneForMs, target.ttlMs),
    };
  }

  #target(
    { cache, warms }: WarmerSettings,
    host: FoundHost,
    batch: number,
    where: string,
    problems: Problems,
  ): WarmTarget | undefined {
    if (cache !== undefined && !this.engine.desks.has(cache)) {
      problems.add(where, `cache '${cache}': ${this.engine.unknown(cache)}`);
      return undefined;
    }
    if (warms !== undefined) return this.#namedMethod(warms, cache, host, batch, where, problems);
    if (cache !== undefined) return this.#readerOf(cache, batch, where, problems);
    problems.add(where, 'says nothing to warm: give `warms`, a method of its class, or `cache`');
    return undefined;
  }

  #namedMethod(
    warms: string,
    cache: string | undefined,
    host: FoundHost,
    batch: number,
    where: string,
    problems: Problems,
  ): WarmTarget | undefined {
    const method = (host.prototype as unknown as Record<string, unknown>)[warms];
    const place = `${where}.warms`;
    if (typeof method !== 'function') {
      problems.add(
        place,
        `got '${warms}'; takes the name of a method of its class${didYouMean(warms, host.prototype)}`,
      );
      return undefined;
    }
    if (handlerKindOf(method) !== undefined) {
      problems.add(place, `'${warms}' is a handler, which is called by requests; warm the service method it calls`);
      return undefined;
    }
    const plan = planOf(method);
    if (plan === undefined) {
      if (cache !== undefined) {
        const desk = this.engine.desks.get(cache)!;
        return { desk, ttlMs: desk.region.options.read.ttlMs, batch: 1, call: caller(host, warms) };
      }
      problems.add(
        place,
        `'${warms}' isn't cached; decorate it with @Cacheable(), or say which \`cache\` it reads by hand`,
      );
      return undefined;
    }
    const reader = this.#readers.find(
      ({ host: { prototype }, plan: own }) => prototype === host.prototype && own === plan,
    );
    if (reader === undefined) {
      if (plan.registration !== this.registration)
        problems.add(place, `'${warms}' is cached with registration: '${plan.registration}'; say so here as well`);
      // what is wrong with a method that couldn't be bound was said of it
      if (!plan.find('read') && !plan.find('many')) problems.add(place, `'${warms}' reads nothing from a cache`);
      return undefined;
    }
    const { name } = reader.desk.region;
    if (cache !== undefined && cache !== name)
      problems.add(place, `'${warms}' reads cache '${name}', not '${cache}'; leave \`cache\` out, or correct it`);
    return this.#targetOf({ ...reader, host }, batch, place, problems);
  }

  /** The one method that reads a cache. */
  #readerOf(cache: string, batch: number, where: string, problems: Problems): WarmTarget | undefined {
    const readers = this.#readers.filter(({ desk }) => desk.region.name === cache);
    const [reader] = readers;
    if (reader !== undefined && readers.length === 1) {
      if (!isSingle(reader.host, where, problems)) return undefined;
      return this.#targetOf(reader, batch, where, problems);
    }
    const names = readers.map(({ host, plan }) => `${host.prototype.constructor.name}.${String(plan.propertyKey)}`);
    const problem =
      reader === undefined
        ? 'is read by no cached method; say with `warms` which method of this class loads it'
        : `is read by ${names.join(' and ')}; say with \`warms\`, in their class, which of them loads`;
    problems.add(where, `cache '${cache}' ${problem}`);
    return undefined;
  }

  #targetOf(
    { host, plan, desk, binding }: Reader,
    batch: number,
    where: string,
    problems: Problems,
  ): WarmTarget | undefined {
    if (plan.evictions.length > 0) {
      problems.add(where, `${String(plan.propertyKey)} evicts when it is called; warm a method that only reads`);
      return undefined;
    }
    const call = caller(host, String(plan.propertyKey));
    const { ttlMs } = binding.reading!.options;
    if (plan.find('many') === undefined) return { desk, ttlMs, batch: 1, call };
    return { desk, ttlMs, batch, call: (items) => call([[items.flatMap((item) => keysIn(item))]]) };
  }
}

/** A key, or the list that would be the one argument. */
const keysIn = (item: unknown): unknown[] => (Array.isArray(item) ? item.flat() : [item]);

function isSingle({ isSingle: is, prototype }: FoundHost, where: string, problems: Problems): boolean {
  if (!is) {
    const { name } = prototype.constructor;
    problems.add(
      where,
      `${name} is request-scoped, transient, or needs something that is, so there is no instance to call at start`,
    );
  }
  return is;
}

function didYouMean(name: string, prototype: object): string {
  for (let level: object | null = prototype; level !== null; level = Object.getPrototypeOf(level) as object | null) {
    const meant = Object.getOwnPropertyNames(level).find((candidate) => isMisspelt(name, candidate));
    if (meant !== undefined) return `; did you mean '${meant}'?`;
  }
  return '';
}
