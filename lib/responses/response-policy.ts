import type { ExecutionContext } from '@nestjs/common';
import type { FreshnessHeaderOptions } from '../http/freshness-headers.js';
import { isFieldName } from '../http/header-fields.js';
import type { AdmissionPolicy } from '../http/request-admission.js';
import type { StorePolicy } from '../http/storable.js';
import { varyNames } from '../http/vary.js';
import { DEFAULTS } from '../options/cache-options.defaults.js';
import { callback, duration, flag, OptionReader, record, type Problems, type Rule } from '../options/option-reader.js';
import type { EdgeLifetimeOptions, ResponseOptions } from './response-options.js';

/** How the responses of one handler are cached. */
export interface ResponsePolicy {
  readonly admission: AdmissionPolicy;
  readonly store: StorePolicy;
  readonly freshness: FreshnessHeaderOptions;
  readonly etag: 'weak' | 'strong' | false;
  readonly query: readonly string[] | undefined;
  readonly scope: ((context: ExecutionContext) => string) | undefined;
  readonly requestKey: ((context: ExecutionContext) => string | undefined) | undefined;
}

/** What a handler says of its responses. Whatever is wrong goes to `problems`. */
export function readResponsePolicy(options: ResponseOptions, where: string, problems: Problems): ResponsePolicy {
  const reader = new OptionReader(options, where, problems);
  const isPublic = reader.take('public', flag) ?? DEFAULTS.responsePublic;
  const scope = reader.take('scope', callback<(context: ExecutionContext) => string>('a function that returns a text'));
  if (isPublic && scope !== undefined) {
    problems.add(`${where}.scope`, 'contradicts `public: true`: an answer is for everybody or for somebody; say one');
  }
  const vary = varyNames(reader.take('vary', fieldNames) ?? []);
  const isScoped = scope !== undefined;
  return {
    admission: {
      public: isPublic,
      scoped: isScoped,
      honourRequestCacheControl:
        reader.take('honourRequestCacheControl', flag) ?? DEFAULTS.responseHonourRequestCacheControl,
    },
    store: { scoped: isScoped, vary, statuses: reader.take('statuses', statusList) ?? [] },
    freshness: readFreshness(reader, { public: isPublic, scoped: isScoped }, where, problems),
    etag: reader.takeOrFalse('etag', strength) ?? DEFAULTS.responseEtag,
    query: reader.take('query', textList),
    scope,
    requestKey: reader.take(
      'requestKey',
      callback<(context: ExecutionContext) => string | undefined>('a function that returns a text or undefined'),
    ),
  };
}

function readFreshness(
  reader: OptionReader<ResponseOptions>,
  whose: { readonly public: boolean; readonly scoped: boolean },
  where: string,
  problems: Problems,
): FreshnessHeaderOptions {
  const freshness = {
    ...whose,
    ...said('maxAgeMs', reader.take('maxAge', duration)),
    ...said('sMaxAgeMs', reader.take('sMaxAge', duration)),
    ...said('staleWhileRevalidateMs', reader.take('staleWhileRevalidate', duration)),
    ...said('staleIfErrorMs', reader.take('staleIfError', duration)),
  };
  const given = reader.take('edge', record<EdgeLifetimeOptions>('{ maxAge, staleWhileRevalidate, staleIfError }'));
  const isShared = freshness.sMaxAgeMs !== undefined || given !== undefined;
  if (whose.scoped && isShared) {
    const field = given === undefined ? 'sMaxAge' : 'edge';
    problems.add(`${where}.${field}`, 'contradicts `scope`: what is somebody’s own is kept by no shared cache');
  }
  if (given === undefined) return freshness;
  const edge = new OptionReader(given, `${where}.edge`, problems);
  edge.refuseUnknown(['maxAge', 'staleWhileRevalidate', 'staleIfError']);
  if ((given as Partial<EdgeLifetimeOptions>).maxAge === undefined) {
    problems.add(`${where}.edge.maxAge`, 'is missing; say how long the edge may answer by itself');
  }
  return {
    ...freshness,
    edge: {
      maxAgeMs: edge.take('maxAge', duration) ?? 0,
      ...said('staleWhileRevalidateMs', edge.take('staleWhileRevalidate', duration)),
      ...said('staleIfErrorMs', edge.take('staleIfError', duration)),
    },
  };
}

/** What wasn't said isn't there. */
const said = <K extends string>(field: K, value: number | undefined): Partial<Record<K, number>> =>
  value === undefined ? {} : ({ [field]: value } as Record<K, number>);

const strength: Rule<'weak' | 'strong'> = {
  takes: "'weak' or 'strong'",
  read: (given) => (given === 'weak' || given === 'strong' ? given : undefined),
};

const listOf = <T>(takes: string, isOne: (item: unknown) => item is T): Rule<readonly T[]> => ({
  takes,
  read: (given) => (Array.isArray(given) && (given as unknown[]).every(isOne) ? (given as readonly T[]) : undefined),
});
const textList = listOf('a list of texts', (item): item is string => typeof item === 'string');
const fieldNames = listOf(
  "a list of names of headers, such as ['Accept-Language']",
  // `*` would mean that no two requests get the same
  (item): item is string => typeof item === 'string' && isFieldName(item) && item !== '*',
);
const isStatus = (status: number): boolean => status >= 200 && status <= 599 && status !== 206 && status !== 304;
const statusList = listOf(
  'a list of statuses from 200 to 599, without 206 and 304',
  (item): item is number => Number.isInteger(item) && isStatus(item as number),
);
