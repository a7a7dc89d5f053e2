import 'reflect-metadata';
import { METHOD_METADATA, SINK_METADATA, TAGS_METADATA } from '../cache.constants.js';
import type { MethodPlan, TagSource } from './method-plan.js';

/** The plan behind a method, when our decorators wrapped it, whatever wrapped it afterwards and copied its metadata. */
export const planOf = (method: unknown): MethodPlan | undefined =>
  typeof method === 'function' ? (Reflect.getMetadata(METHOD_METADATA, method) as MethodPlan | undefined) : undefined;

export const setPlan = (method: object, plan: MethodPlan): void =>
  Reflect.defineMetadata(METHOD_METADATA, plan, method);

/** Tags may be said above or below the decorator that caches, so they are kept with the class rather than the function. */
export const addTags = (target: object, propertyKey: string | symbol, tags: readonly TagSource[]): void =>
  Reflect.defineMetadata(TAGS_METADATA, [...tagsOf(target, propertyKey), ...tags], target, propertyKey);

export const tagsOf = (target: object, propertyKey: string | symbol): readonly TagSource[] =>
  (Reflect.getOwnMetadata(TAGS_METADATA, target, propertyKey) as readonly TagSource[] | undefined) ?? [];

/** Tags of every handler of a controller. */
export const addClassTags = (controller: object, tags: readonly string[]): void =>
  Reflect.defineMetadata(TAGS_METADATA, [...classTagsOf(controller), ...tags], controller);

export const classTagsOf = (controller: object): readonly string[] =>
  (Reflect.getMetadata(TAGS_METADATA, controller) as readonly string[] | undefined) ?? [];

/** What a class is the sink of. */
export interface SinkOf {
  readonly cache: string;
  readonly registration: string;
}

export const addSink = (target: object, sink: SinkOf): void =>
  Reflect.defineMetadata(SINK_METADATA, [...sinksOf(target), sink], target);

export const sinksOf = (target: object): readonly SinkOf[] =>
  (Reflect.getOwnMetadata(SINK_METADATA, target) as readonly SinkOf[] | undefined) ?? [];

/** What the compiler noted as the return type of a method, if it did. */
export const returnTypeOf = (target: object, propertyKey: string | symbol): unknown =>
  Reflect.getMetadata('design:returntype', target, propertyKey);

/** Metadata of other decorators on the method that is being replaced. */
export function copyMetadata(from: object, to: object): void {
  for (const key of Reflect.getMetadataKeys(from) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, from), to);
  }
}

interface InjectedCache {
  readonly name: string;
  readonly registration: string;
}

const INJECTED_METADATA: unique symbol = Symbol.for('nestjs-hybrid-cache:injected');

// names are all that is kept here, of any application: a module provides a handle for each name that was asked for
const everyInjectedCache = new Map<string, InjectedCache>();

/** Notes that a class has a named cache injected. */
export function noteInjectedCache(target: object, cache: InjectedCache): void {
  everyInjectedCache.set(`${cache.registration}\0${cache.name}`, cache);
  Reflect.defineMetadata(INJECTED_METADATA, [...injectedCachesOf(target), cache], target);
}

export const injectedCachesOf = (target: object): readonly InjectedCache[] =>
  (Reflect.getMetadata(INJECTED_METADATA, target) as readonly InjectedCache[] | undefined) ?? [];

/** Names of the caches of a registration that some class has injected. */
export const injectedCacheNames = (registration: string): string[] =>
  [...everyInjectedCache.values()].filter((cache) => cache.registration === registration).map(({ name }) => name);
