import type { InjectionToken, Type } from '@nestjs/common';
import { type DiscoveryService, type ModuleRef, type ModulesContainer } from '@nestjs/core';
import type { ClientProxy } from '@nestjs/microservices';
import type { CacheMachine } from '../cache.providers.js';
import { CacheConfigurationError } from '../cache.errors.js';
import { systemRuntime } from '../cache.runtime.js';
import { Problems } from '../options/option-reader.js';
import { CacheEvents, type OwnCaches } from './cache-events.js';
import { DomainEvents } from './domain-events.js';
import { ClientLine } from './emission.js';
import { listenTo, listenToDomain, type EventInbox } from './event-listener.js';
import { EventLog, type EventLogger } from './event-log.js';
import { EventReceiver, type EventCaches } from './event-receiver.js';
import type { CacheEventsOptions } from './events-options.interface.js';
import { Presence } from './presence.js';
import { openRedisFeeds, resolveRedisFeeds } from './redis-feeds.js';
import { resolveEventsOptions } from './resolve-events-options.js';
import { TransportWatch, type WatchedServer } from './transport-watch.js';

/** Everything that one `CacheEventsModule.forRoot` consists of. */
export interface EventsMachine {
  readonly events: CacheEvents;
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
  if (engine !== undefined) engine.announcer = (target) => events.tell(target);
  return {
    events,
    inbox: receiver && domain && { receiver, domain, acknowledge: resolved.acknowledge },
    problems,
    check: () => {
      problems.throwIfAny();
      for (const token of resolved.clients) clientBehind(moduleRef, token)();
    },
    close: async () => {
      watch.close();
      await feeds?.close();
      await events.close(CLOSE_DEADLINE_MS);
    },
  };
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
