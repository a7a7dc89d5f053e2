import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { NO_CACHE_METADATA, RESPONSES_METADATA } from '../cache.constants.js';
import { namesOf } from './handler-metadata.js';
import type { ResponseSettings } from './response-options.js';

/** What `@Cacheable` on a controller says of all its handlers, for one registration. */
export function setClassSettings(controller: object, registration: string, settings: ResponseSettings): void {
  Reflect.defineMetadata(RESPONSES_METADATA, { ...allClassSettings(controller), [registration]: settings }, controller);
}

export const classSettingsOf = (controller: object, registration: string): ResponseSettings | undefined =>
  allClassSettings(controller)[registration];

/** Whether anything is said of all handlers, for whichever registration. */
export const hasClassSettings = (controller: object): boolean => Object.keys(allClassSettings(controller)).length > 0;

const allClassSettings = (controller: object): Readonly<Record<string, ResponseSettings>> =>
  (Reflect.getMetadata(RESPONSES_METADATA, controller) as Record<string, ResponseSettings> | undefined) ?? {};

/** Whether `@NoCache` was said of a handler, or of its controller. */
export const isNotCached = (controller: object, method: object): boolean =>
  Reflect.getMetadata(NO_CACHE_METADATA, method) === true ||
  Reflect.getMetadata(NO_CACHE_METADATA, controller) === true;

/** Tells handlers apart that have the same name: of two classes, or of two versions of one. */
export function routeOf(controller: Type, where: string, method: object): string {
  return `${where}@${namesOf(controller, method).map(wordsOf).join('|')}`;
}

// a version may be a symbol (VERSION_NEUTRAL), a path or pattern a list, a pattern an object
const wordsOf = (said: unknown): string =>
  typeof said === 'symbol'
    ? String(said)
    : Array.isArray(said)
      ? said.map(wordsOf).join(',')
      : said === undefined
        ? ''
        : JSON.stringify(said);
