import type { InjectionToken, Type } from '@nestjs/common';
import { type DiscoveryService, type ModuleRef, type ModulesContainer } from '@nestjs/core';
import type { ClientProxy } from '@nestjs/microservices';
import type { CacheMachine } from '../cache.providers.js';
import { DEFAULT_REGISTRATION, engineToken, getCacheEventsToken } from '../cache.constants.js';
import { CacheConfigurationError } from '../cache.errors.js';
import { systemRuntime, type Runtime } from '../cache.runtime.js';
import { Problems } from '../options/option-reader.js';
import { CacheEvents, type OwnCaches } from './cache-events.js';
import { DomainEvents } from './domain-events.js';
import { ClientLine } from './emission.js';
import { listenTo, listenToDomain, type EventInbox } from './event-listener.js';
import { readEvent, type EventLimits } from './event-format.js';
import { EventLog, type EventLogger } from './event-log.js';
import { EventReceiver, type EventCaches } from './event-receiver.js';
import type { CacheEventsOptions } from './events-options.interface.js';
import { Presence } from './presence.js';
import { openRedisFeeds, resolveRedisFeeds } from './redis-feeds.js';
import { CacheOutbox } from './outbox/cache-outbox.js';
import { OutboxPublisher } from './outbox/outbox-publisher.js';
import { resolveEventsOptions, type ResolvedEventsOptions } from './resolve-events-options.js';
import { TransportWatch, type WatchedServer } from './transport-watch.js';

/** Everything that one `CacheEventsModule.forRoot` consists of. */
export interface EventsMachine {
  readonly events: CacheEvents;
  readonly outbox: CacheOutbox;
  /** Undefined where there are no caches that could let go. */
  readonly inbox: EventInbox | undefined;
  readonly problems: Problems;
  /** What isn't there yet when this is made, and has to be when the application starts. */
  check(): void;
  close(): Promise<void>;
}

export interface EventsSurroundings {
  readonly discovery: DiscoveryService;
  readonly moduleRef: ModuleRef;
  readonly modules: ModulesContainer;
  /** Of the `CacheModule`, if there is one. */
  readonly machine: CacheMachine | undefined;
  readonly registration: string;
  readonly logger: EventLogger;
  readonly listener: Type;
}

const CLOSE_DEADLINE_MS = 2_000;

/** The one place where the parts of events meet. */
export async function createEventsMachine(
  options: CacheEventsOptions,
  surroundings: EventsSurroundings,
): Promise<EventsMachine> {
  const { discovery, moduleRef, modules, machine, logger, listener } = surroundings;
  const problems = new Problems();
  const engine = machine?.engine;
  const resolved = resolveEventsOptions(options, engine?.namespace, problems);
  const runtime = engine?.parts.runtime ?? systemRuntime;
  const log = new EventLog(logger, runtime);
  const feedOptions = resolveRedisFeeds(options.redis, engine, problems);

  const receiver = machine && new EventReceiver(cachesOf(machine), resolved, runtime, log);
  const domain = receiver && new DomainEvents(discovery, receiver);
  if (receiver !== undefined && resolved.pattern !== false) listenTo(listener, resolved.pattern, resolved.decorators);
  for (const pattern of domain?.patterns ?? []) listenToDomain(listener, pattern, resolved.decorators);

  const watch = new TransportWatch(
    {
      gapPolicyOf: resolved.gapPolicyOf,
      acknowledges: resolved.acknowledge !== false,
      isSharedSubscription: resolved.pattern !== false && resolved.pattern.startsWith('$share/'),
      isShared: engine?.parts.shared.present ?? true,
      presence: engine?.parts.shared.present === true ? new Presence(engine.parts.once, runtime) : undefined,
      mend: (policy) => void machine?.service.invalidate({ all: true, mode: policy === 'expire' ? 'soft' : 'hard' }),
    },
    runtime,
    log,
  );
  if (receiver !== undefined) {
    modules.getRpcTargetRegistry?.<WatchedServer>().subscribe((server) => watch.add(server));
  }

  const canFeed = receiver !== undefined && feedOptions !== undefined && !problems.any;
  const feeds = canFeed
    ? await openRedisFeeds(feedOptions, (text) => receiver.receive(text), watch, runtime, log)
    : undefined;

  const lines = resolved.clients.map((token) => new ClientLine(nameOf(token), clientBehind(moduleRef, token), runtime));
  const events = new CacheEvents(
    resolved,
    lines,
    receiver,
    machine && ownCaches(machine),
    () => watch.statuses(),
    runtime,
    log,
  );
  if (engine !== undefined) engine.announcer = (target, by) => events.tell(target, by);
  const publisher = resolved.outbox && publisherOf(resolved.outbox, events, resolved.limits, runtime, log);
  const outbox = new CacheOutbox(
    publisher &&
      resolved.outbox && {
        store: resolved.outbox.store,
        publisher,
        create: (target) => events.create(target),
        own: machine && ownCaches(machine),
      },
  );
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    watch.close();
    await feeds?.close();
    await publisher?.close(CLOSE_DEADLINE_MS);
    await events.close(CLOSE_DEADLINE_MS);
  };
  return {
    events,
    outbox,
    inbox: receiver && domain && { receiver, domain, acknowledge: resolved.acknowledge },
    problems,
    check: () => {
      checkSurroundings(surroundings, problems);
      problems.throwIfAny();
      for (const token of resolved.clients) clientBehind(moduleRef, token)();
      publisher?.start();
    },
    close: () => (closing ??= close()),
  };
}

/** What would leave the caches untouched, or touch them twice, without a word. */
function checkSurroundings({ discovery, machine, registration }: EventsSurroundings, problems: Problems): void {
  const instancesOf = (token: symbol): Set<unknown> =>
    new Set(
      discovery
        .getProviders()
        .filter((wrapper) => wrapper.token === token)
        .map((wrapper) => wrapper.instance as unknown),
    );
  if (instancesOf(getCacheEventsToken(registration)).size > 1) {
    problems.add(
      `CacheEventsModule.forRoot (registration '${registration}')`,
      'is imported more than once; import it once (it is global), with all of its `clients`',
    );
  }
  if (machine !== undefined) return;
  if (instancesOf(engineToken(registration)).size > 0) {
    problems.add('CacheModule.forRoot.isGlobal', 'is false, and CacheEventsModule can’t see its caches; leave it out');
  } else if (registration !== DEFAULT_REGISTRATION) {
    problems.add(
      'CacheEventsModule.registration',
      `there is no CacheModule with registration: '${registration}'; import it, or correct the name`,
    );
  }
}

function publisherOf(
  { store, pollEveryMs }: NonNullable<ResolvedEventsOptions['outbox']>,
  events: CacheEvents,
  limits: EventLimits,
  runtime: Runtime,
  log: EventLog,
): OutboxPublisher {
  const send = async (text: string): Promise<'sent' | 'failed' | 'unreadable'> => {
    const event = readEvent(text, limits);
    if (typeof event === 'string') return 'unreadable';
    const { status } = await events.publish(event);
    return status === 'emitted' ? 'sent' : 'failed';
  };
  return new OutboxPublisher(store, send, pollEveryMs, runtime, log);
}

function cachesOf({ service, engine }: CacheMachine): EventCaches {
  return {
    service,
    once: engine.parts.once,
    has: (cache) => engine.desks.has(cache),
    background: (work) => engine.parts.background.add(work),
  };
}

function ownCaches({ service, engine }: CacheMachine): OwnCaches {
  return {
    invalidate: ({ keys = [], caches = [], ...target }) =>
      service.invalidate({
        ...target,
        // others may have more caches
        keys: keys.filter(([cache]) => engine.desks.has(cache)),
        caches: caches.filter((cache) => engine.desks.has(cache)),
      }),
    whenCommitted: (run) => engine.invalidations.whenCommitted(run),
  };
}

const nameOf = (token: InjectionToken): string =>
  typeof token === 'function' ? token.name : typeof token === 'symbol' ? (token.description ?? 'a symbol') : token;

/** Any module may provide it, and it may come after this one. */
const clientBehind =
  (moduleRef: ModuleRef, token: InjectionToken): (() => ClientProxy) =>
  () => {
    try {
      return moduleRef.get<ClientProxy>(token as Type<ClientProxy>, { strict: false });
    } catch {
      const problem = `nobody provides ${nameOf(token)}: register it with ClientsModule.register([{ name: …, transport: … }])`;
      throw new CacheConfigurationError([{ where: 'CacheEventsModule.clients', problem }]);
    }
  };
