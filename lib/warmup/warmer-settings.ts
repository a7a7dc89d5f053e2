import 'reflect-metadata';
import type { Duration } from '../options/duration.js';

/** What `@CacheWarmer` says, before anybody has looked at it. */
export interface WarmerSettings {
  readonly cache?: string | undefined;
  readonly warms?: string | undefined;
  readonly on?: string | number | readonly (string | number)[] | undefined;
  readonly concurrency?: number | undefined;
  readonly batch?: number | undefined;
  readonly others?: 'wait' | 'go on' | undefined;
  readonly hold?: boolean | undefined;
  readonly holdAtMost?: Duration | undefined;
  readonly doneFor?: Duration | undefined;
  readonly registration?: string | undefined;
}

/** What a method that warms is called with. */
export interface WarmContext {
  /** Aborted when the application closes: what is listed from then on isn't loaded any more. */
  readonly signal: AbortSignal;
}

/** What a method with `@CacheWarmer` returns: a list, at once, later or bit by bit. */
export type WarmList<Item> = Iterable<Item> | AsyncIterable<Item> | Promise<Iterable<Item> | AsyncIterable<Item>>;

const WARMERS: unique symbol = Symbol.for('nestjs-hybrid-cache:warmers');

type Settings = ReadonlyMap<string, readonly WarmerSettings[]>;

/** Notes that a method lists what a cache is warmed with. */
export function addWarmer(type: object, method: string, settings: WarmerSettings): void {
  const own = new Map(Reflect.getOwnMetadata(WARMERS, type) as Settings | undefined);
  own.set(method, [...(own.get(method) ?? []), settings]);
  Reflect.defineMetadata(WARMERS, own, type);
}

/** The warmers of a class by their methods, inherited ones included; of one said again, what the subclass says. */
export function warmersOf(type: object): Settings {
  const found = new Map<string, readonly WarmerSettings[]>();
  for (let level: object | null = type; level !== null; level = Object.getPrototypeOf(level) as object | null) {
    const own = Reflect.getOwnMetadata(WARMERS, level) as Settings | undefined;
    for (const [method, settings] of own ?? []) if (!found.has(method)) found.set(method, settings);
  }
  return found;
}
