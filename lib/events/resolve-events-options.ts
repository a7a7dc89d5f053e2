import type { InjectionToken } from '@nestjs/common';
import {
  callback,
  count,
  duration,
  flag,
  oneOf,
  OptionReader,
  record,
  show,
  size,
  type Problems,
  type Rule,
} from '../options/option-reader.js';
import type { EventLimits } from './event-format.js';
import { readSigningKeys, type SigningKeys } from './event-signature.js';
import type { OutboxStore } from './outbox/outbox.interface.js';
import type { CacheEventsOptions, EventTransport, GapPolicy } from './events-options.interface.js';

export interface ResolvedEventsOptions {
  readonly pattern: string | false;
  readonly clients: readonly InjectionToken[];
  readonly source: string | undefined;
  readonly signing: SigningKeys | undefined;
  readonly signedWithinMs: number;
  readonly rememberForMs: number;
  readonly limits: EventLimits;
  readonly emitTimeoutMs: number;
  readonly emitRetries: number;
  readonly emitPatienceMs: number;
  readonly maxPending: number;
  readonly gapPolicyOf: (transport: EventTransport) => GapPolicy | undefined;
  readonly acknowledge: boolean | 'all';
  readonly decorators: readonly MethodDecorator[];
  readonly outbox: { readonly store: OutboxStore; readonly pollEveryMs: number } | undefined;
}

/** Of an outbox. */
const POLL_EVERY_MS = 1_000;

export const EVENTS_DEFAULTS = {
  pattern: 'cache.invalidate',
  signedWithin: 86_400_000,
  rememberFor: 600_000,
  maxBytes: 65_536,
  maxTargets: 1_000,
  emitTimeout: 2_000,
  emitRetries: 2,
  emitPatience: 600_000,
  maxPending: 10_000,
  acknowledge: false,
} as const;

const FIELDS: readonly (keyof CacheEventsOptions)[] = [
  'pattern',
  'clients',
  'source',
  'secret',
  'signedWithin',
  'rememberFor',
  'maxBytes',
  'maxTargets',
  'emitTimeout',
  'emitRetries',
  'emitPatience',
  'maxPending',
  'onGap',
  'acknowledge',
  'decorators',
  'redis',
  'outbox',
];

const TRANSPORTS: readonly EventTransport[] = [
  'tcp',
  'redis',
  'nats',
  'mqtt',
  'rabbitmq',
  'kafka',
  'custom',
  'redis-channel',
  'redis-stream',
];

const text = (what: string): Rule<string> => ({
  takes: what,
  read: (given) => (typeof given === 'string' && given.trim() !== '' && given.length <= 200 ? given : undefined),
});
const list = <T>(what: string): Rule<readonly T[]> => ({
  takes: what,
  read: (given) =>
    Array.isArray(given) && given.every((each) => each !== undefined && each !== null) ? (given as T[]) : undefined,
});
const acknowledgement: Rule<boolean | 'all'> = {
  takes: "true, false or 'all'",
  read: (given) => (given === 'all' ? given : flag.read(given)),
};
const gapPolicy = oneOf<GapPolicy>('nothing', 'expire', 'clear');

/** @param namespace of the cache, if there is one */
export function resolveEventsOptions(
  options: CacheEventsOptions,
  namespace: string | undefined,
  problems: Problems,
): ResolvedEventsOptions {
  const where = 'CacheEventsModule';
  const reader = new OptionReader(options, where, problems);
  reader.refuseUnknown([...FIELDS, 'isGlobal', 'registration']);
  return {
    pattern: reader.takeOrFalse('pattern', text('a pattern of 1 to 200 characters')) ?? EVENTS_DEFAULTS.pattern,
    clients: reader.take('clients', list<InjectionToken>('a list of injection tokens of ClientProxys')) ?? [],
    source: reader.take('source', text('a name of 1 to 200 characters')) ?? namespace,
    signing: readSecret(options, where, problems),
    signedWithinMs: reader.take('signedWithin', duration) ?? EVENTS_DEFAULTS.signedWithin,
    rememberForMs: reader.take('rememberFor', duration) ?? EVENTS_DEFAULTS.rememberFor,
    limits: {
      maxBytes: reader.take('maxBytes', size) ?? EVENTS_DEFAULTS.maxBytes,
      maxTargets: reader.take('maxTargets', count(1)) ?? EVENTS_DEFAULTS.maxTargets,
    },
    emitTimeoutMs: reader.take('emitTimeout', duration) ?? EVENTS_DEFAULTS.emitTimeout,
    emitRetries: reader.take('emitRetries', count(0)) ?? EVENTS_DEFAULTS.emitRetries,
    emitPatienceMs: reader.take('emitPatience', duration) ?? EVENTS_DEFAULTS.emitPatience,
    maxPending: reader.take('maxPending', count(1)) ?? EVENTS_DEFAULTS.maxPending,
    gapPolicyOf: readGaps(options.onGap, `${where}.onGap`, problems),
    acknowledge: reader.take('acknowledge', acknowledgement) ?? EVENTS_DEFAULTS.acknowledge,
    decorators: readDecorators(reader, options, where, problems),
    outbox: readOutbox(options.outbox, `${where}.outbox`, problems),
  };
}

function readDecorators(
  reader: OptionReader<CacheEventsOptions>,
  { decorators }: CacheEventsOptions,
  where: string,
  problems: Problems,
): readonly MethodDecorator[] {
  const given = reader.take('decorators', list<MethodDecorator>('a list of method decorators')) ?? [];
  const rule = callback<MethodDecorator>('method decorators, such as `Public()`');
  const read = given.filter((each) => rule.read(each) !== undefined);
  if (read.length < given.length) problems.add(`${where}.decorators`, `got ${show(decorators)}; takes ${rule.takes}`);
  return read;
}

function readOutbox(
  given: CacheEventsOptions['outbox'],
  where: string,
  problems: Problems,
): ResolvedEventsOptions['outbox'] {
  if (given === undefined) return undefined;
  const object = record<NonNullable<CacheEventsOptions['outbox']>>('{ store, pollEvery }').read(given);
  const { add, publish } = (object?.store ?? {}) as Partial<OutboxStore>;
  if (object === undefined || typeof add !== 'function' || typeof publish !== 'function') {
    problems.add(where, `got ${show(given)}; takes { store: new PostgresOutbox({ … }) }`);
    return undefined;
  }
  const reader = new OptionReader(object, where, problems);
  reader.refuseUnknown(['store', 'pollEvery']);
  return { store: object.store, pollEveryMs: reader.take('pollEvery', duration) ?? POLL_EVERY_MS };
}

function readSecret({ secret }: CacheEventsOptions, where: string, problems: Problems): SigningKeys | undefined {
  if (secret === undefined) return undefined;
  const keys = readSigningKeys(secret);
  if (typeof keys !== 'string') return keys;
  problems.add(`${where}.secret`, keys);
  return undefined;
}

function readGaps(
  given: CacheEventsOptions['onGap'],
  where: string,
  problems: Problems,
): ResolvedEventsOptions['gapPolicyOf'] {
  if (given === undefined) return () => undefined;
  const everywhere = gapPolicy.read(given);
  if (everywhere !== undefined) return () => everywhere;
  const object = record<Partial<Record<EventTransport, GapPolicy>>>(`${gapPolicy.takes}, or one of them by transport`);
  const byName = object.read(given);
  if (byName === undefined) {
    problems.add(where, `got ${show(given)}; takes ${object.takes}`);
    return () => undefined;
  }
  const reader = new OptionReader(byName, where, problems);
  reader.refuseUnknown(TRANSPORTS);
  const read = new Map(TRANSPORTS.map((transport) => [transport, reader.take(transport, gapPolicy)]));
  return (transport) => read.get(transport);
}
