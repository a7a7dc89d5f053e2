import type { ExecutionContext, Type } from '@nestjs/common';
import type { BindingRegistry } from '../bindings/binding-registry.js';
import { handlerKindOf, type HandlerKind } from '../bindings/handler-kind.js';
import { classTagsOf, planOf, tagsOf } from '../bindings/metadata.accessor.js';
import type { MethodPlan } from '../bindings/method-plan.js';
import type { HandlerBinder } from '../bindings/instance.explorer.js';
import { combineTags } from '../bindings/tag-sources.js';
import { checkDecoratorOptions } from '../options/decorator-options.js';
import type { ResolvedHttpOptions } from '../options/http-options.js';
import { Problems } from '../options/option-reader.js';
import { overrideReadOptions } from '../options/read-options.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import { addType, CACHE_FIELDS } from '../options/resolve-options.js';
import { PASS, type Handler } from './handler.js';
import { classSettingsOf, hasClassSettings, isNotCached, routeOf } from './handler-decorations.js';
import { answersGet, isForSeveralVersions, nameOfHandler, routeShapeOf, type RouteShape } from './handler-metadata.js';
import { MessageHandler } from './message.handler.js';
import { RESPONSE_FIELDS, type ResponseSettings } from './response-options.js';
import { readResponsePolicy } from './response-policy.js';
import { RouteHandler } from './route.handler.js';
import { UNSAFE } from './unsafe.handler.js';

const HANDLER_FIELDS = [
  ...CACHE_FIELDS.filter((field) => field !== 'scope'),
  'cache',
  'tags',
  'unless',
  'returns',
  'type',
  'registration',
  ...RESPONSE_FIELDS,
];

/** A handler, and all that was said of it. */
interface HandlerUnderWay {
  readonly controller: Type;
  readonly name: string;
  readonly method: object;
  readonly kind: HandlerKind;
  readonly plan: MethodPlan | undefined;
  readonly where: string;
  /** Nobody has said anything of it: the interceptor was applied to all of a controller, or of an application. */
  readonly isUnsaid: boolean;
}

/** What can be kept of a handler's answers, or why it can't. */
type Fitness = { readonly shape: RouteShape | undefined } | { readonly unfit: string };

/** The handlers of an application whose answers are cached. */
export class HandlerRegistry implements HandlerBinder {
  readonly #handlers = new WeakMap<object, Map<unknown, Handler | undefined>>();

  constructor(
    private readonly bindings: BindingRegistry,
    private readonly http: ResolvedHttpOptions,
    private readonly registration: string,
  ) {}

  /** What becomes of this call; `undefined`: nothing. @throws CacheConfigurationError for what nobody checked at start */
  find(context: ExecutionContext): Handler | undefined {
    const method = context.getHandler();
    const controller = context.getClass();
    const known = this.#handlers.get(method);
    if (known?.has(controller) === true) return known.get(controller);
    const problems = new Problems();
    const handler = this.#bind(controller, nameOfHandler(controller, method), method, problems);
    if (problems.any) this.#handlers.get(method)!.delete(controller);
    problems.throwIfAny();
    return handler;
  }

  check(type: Type, isController: boolean, problems: Problems): void {
    const settings = classSettingsOf(type, this.registration);
    if (settings === undefined) return;
    const where = `${type.name} @Cacheable`;
    if (!isController) problems.add(where, 'is on a class that is no controller; decorate its methods');
    const { tags, unless } = settings;
    const remedy = 'is about a call, which only its handler can say something of; say it there';
    if (typeof tags === 'object' ? !Array.isArray(tags) : typeof tags === 'function')
      problems.add(`${where}.tags`, remedy);
    if (unless !== undefined) problems.add(`${where}.unless`, remedy);
  }

  /** Binds a handler that something is said of, at start. */
  bind(controller: Type, name: string, method: object, problems: Problems): void {
    // a microservice of a hybrid application may get messages before that
    if (this.#handlers.get(method)?.has(controller) === true) return;
    // the others when somebody asks who has applied the interceptor to all of them
    if (isSaid(controller, method)) this.#bind(controller, name, method, problems);
  }

  #bind(controller: Type, name: string, method: object, problems: Problems): Handler | undefined {
    const kind = handlerKindOf(method);
    const found = planOf(method);
    const plan = found?.registration === this.registration ? found : undefined;
    const where = `${controller.name}.${name}`;
    const isUnsaid = !isSaid(controller, method);
    const handler =
      kind === undefined ? undefined : this.#make({ controller, name, method, kind, plan, where, isUnsaid }, problems);
    const ofMethod = this.#handlers.get(method) ?? new Map<unknown, Handler | undefined>();
    this.#handlers.set(method, ofMethod.set(controller, handler));
    return handler;
  }

  #make(handler: HandlerUnderWay, problems: Problems): Handler | undefined {
    const { plan, kind, controller, method, name, where, isUnsaid } = handler;
    const read = plan?.find('read');
    const isChosen = read !== undefined || plan?.find('tags') !== undefined;
    const ofClass = kind === 'route' ? classSettingsOf(controller, this.registration) : undefined;
    const isUnsafe = kind === 'route' && !answersGet(routeShapeOf(controller, name, method));
    if (isUnsafe && !isChosen) return this.http.cacheGroups ? UNSAFE : undefined;
    const isForAll = kind === 'route' && isUnsaid;
    const isCached = isChosen || (plan === undefined && (ofClass !== undefined || isForAll));
    if (!isCached) return undefined;
    if (isNotCached(controller, method)) return undefined;
    const fitness = this.#fitnessOf(handler);
    if ('unfit' in fitness) {
      if (isChosen) problems.add(`${where} @Cacheable`, fitness.unfit);
      return PASS;
    }
    const settings = { ...ofClass, ...read?.settings } as ResponseSettings;
    if (!isUnsaid) return this.#cached(handler, settings, fitness.shape, problems);
    // what nobody has said is nobody's mistake
    const unsaid = new Problems();
    const cached = this.#cached(handler, settings, fitness.shape, unsaid);
    return unsaid.any ? PASS : cached;
  }

  #fitnessOf({ kind, controller, name, method }: HandlerUnderWay): Fitness {
    if (kind === 'message') return { shape: undefined };
    if (kind === 'event') return { unfit: 'is for events, which nobody answers' };
    const shape = routeShapeOf(controller, name, method);
    if (!answersGet(shape)) return { unfit: 'is for requests that change something; GET and HEAD can be cached' };
    if (shape.isSse) return { unfit: 'answers with events (@Sse), which have no end' };
    if (!shape.answersItself) return { shape };
    return {
      unfit:
        'answers by itself (@Res or @Next), so nobody knows with what; say @Res({ passthrough: true }) and return the body',
    };
  }

  #cached(
    { controller, name, method, plan, where: handler, isUnsaid }: HandlerUnderWay,
    settings: ResponseSettings,
    shape: RouteShape | undefined,
    problems: Problems,
  ): Handler | undefined {
    const where = `${handler} @Cacheable`;
    refuseArguments(settings, where, problems);
    const { engine, caches } = this.bindings;
    const { key: _key, condition: _condition, ...known } = settings as ResponseSettings & Record<string, unknown>;
    if (!checkDecoratorOptions(known, HANDLER_FIELDS, where, problems)) return undefined;
    const policy = readResponsePolicy(settings, where, problems);
    const { scope: _scope, ...ofCache } = settings;
    const desk = caches.deskFor(ofCache, isUnsaid ? this.#freeName(handler) : handler, where, problems);
    if (desk === undefined) return undefined;
    const { region } = desk;
    if (region.options.knownIds !== undefined) {
      problems.add(where, 'caches answers to requests, whose keys are no ids; give it a cache without `knownIds`');
    }
    if (settings.type !== undefined) addType(region.options.types, settings.type, `${where}.type`, problems);
    const options = overrideReadOptions(region.options.read, settings, where, problems);
    const sources = [settings.tags, classTagsOf(controller), ...tagsOf(plan?.target ?? controller, name)];
    const all = combineTags(sources);
    const usesArguments = all.dependOnCall || settings.unless !== undefined;
    if (usesArguments && !options.nested) {
      problems.add(where, 'has functions of the call (`tags`, `unless`), for which a handler needs `nested: true`');
    }
    const route = routeOf(controller, handler, method);
    const { now } = engine.parts.runtime;
    const tags = all.constant;
    if (shape === undefined) return new MessageHandler({ desk, options, policy, route, tags });
    if (isForSeveralVersions(controller, method) && settings.vary === undefined && settings.requestKey === undefined) {
      problems.add(
        where,
        'is for several versions, which may share a URL: say by which header (`vary`), or `vary: []` if the URL tells them apart',
      );
    }
    return new RouteHandler({
      desk,
      options: shape.hasResponse ? whileTheResponseIsThere(options) : options,
      policy,
      http: this.http,
      shape,
      route,
      tags,
      now,
      judge: ({ header, sequence }) => engine.parts.journal.replica.judge(header, sequence),
    });
  }

  /** Of two classes of one name that nobody has told which `cache` they use, the second has a number in its name. */
  #freeName(handler: string): string {
    const { desks } = this.bindings.engine;
    for (let number = 1, name = handler; ; name = `${handler}-${++number}`) if (!desks.has(name)) return name;
  }
}

/** Whether a decorator says how it is cached, of whichever registration. */
const isSaid = (controller: Type, method: object): boolean =>
  planOf(method) !== undefined || hasClassSettings(controller);

/** A handler that sets things on its response can't run when that has been sent. */
const whileTheResponseIsThere = (options: ResolvedReadOptions): ResolvedReadOptions => ({
  ...options,
  graceRevalidateMs: 0,
  earlyRefreshBeta: 0,
  softTimeoutMs: 0,
});

function refuseArguments(settings: object, where: string, problems: Problems): void {
  const { key, condition } = settings as { key?: unknown; condition?: unknown };
  const remedy =
    'say `requestKey: (context) => …`, which is given the request, and returns undefined for one that isn’t to be cached';
  if (key !== undefined)
    problems.add(`${where}.key`, `is for arguments, which a handler hasn’t got when its answer is cached; ${remedy}`);
  if (condition !== undefined)
    problems.add(
      `${where}.condition`,
      `is for arguments, which a handler hasn’t got when its answer is cached; ${remedy}`,
    );
}
